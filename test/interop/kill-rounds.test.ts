import { execFileSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { after } from '../end-to-end/voices.ts';
import { Agent, type AgentCall } from '../support/agent/agent.ts';
import type { CallView, RecordingView } from '../support/api-client.ts';
import { announcedElsewhere } from '../support/node-config.ts';
import { isAlive, waitUntil } from '../support/processes.ts';
import { outsideNumber, Scene } from '../support/scene.ts';
import { align } from '../support/sound.ts';
import { missingTools } from './debian-tools.ts';
import { decodedByFfmpeg, type Heard, heardOf, hiss, type Random, randomFrom } from './kill-rounds-audio.ts';

/** `ONRECORD_TEST_SEED` repeats a run. */
const seed = Number(process.env['ONRECORD_TEST_SEED'] ?? randomInt(2 ** 31));
const rounds = 20;
/** The third call hangs up shortly before the kill, so that seals are hit as well. */
const shapes = [
  { extension: '301', format: 'wav', hangsUp: false },
  { extension: '302', format: 'mp3', hangsUp: false },
  { extension: '303', format: 'wav', hangsUp: true },
] as const;
type Shape = (typeof shapes)[number];

/** The promise, and the way of the last packets through sockets and ring. */
const mayMissMs = 1000 + 150;
/** MP3 at its bit rate keeps the noise less exactly. */
const alike = { wav: 0.98, mp3: 0.9 } as const;

interface Pair {
  readonly shape: Shape;
  readonly sides: readonly [AgentCall, AgentCall];
  /** Samples said by each at the hang-up, or else at the kill. */
  until: readonly [number, number] | null;
}

interface Found {
  readonly shape: Shape;
  readonly call: CallView;
  readonly recording: RecordingView;
  readonly file: string;
  /** Left, right. */
  readonly channels: readonly Int16Array[];
  readonly heard: readonly Heard[];
  /** All that each said, to the last packet. */
  readonly said: readonly [Int16Array, Int16Array];
}

const figures: {
  readonly startMs: number[];
  readonly missingMs: number[];
  readonly talkMs: number[];
  sealed: number;
} = { startMs: [], missingMs: [], talkMs: [], sealed: 0 };

/** Rounds that were played; one that is tried again is another round to the node. */
let played = 0;
let scene: Scene;
const agents = new Map<string, Agent>();
const missing = missingTools('ffmpeg', 'ffprobe');

describe.skipIf(missing !== null)(`kill -9 of every process in mid-recording (seed ${seed})`, () => {
  beforeAll(async () => {
    scene = await Scene.start({
      rule: announcedElsewhere,
      rulesBefore: shapes.map(({ extension, format }) => ({
        ...announcedElsewhere,
        ...{ id: `as-${extension}`, when: { extension }, format },
      })),
    });
    const proxy = { host: '127.0.0.1', port: scene.lanPort };
    for (const { extension } of shapes) agents.set(extension, await Agent.start({ user: extension, proxy }));
  });
  afterAll(async () => {
    const { startMs, missingMs, talkMs, sealed } = figures;
    const worst = (values: readonly number[]): string => Math.max(...values).toFixed(0);
    const mean = (values: readonly number[]): string =>
      (values.reduce((sum, value) => sum + value, 0) / values.length).toFixed(0);
    console.log(
      `seed ${seed}: ${missingMs.length / 2} recordings, ${sealed} already sealed; killed ${Math.min(...talkMs).toFixed(0)}-${worst(talkMs)} ms into the talk; ` +
        `missing before the kill: mean ${mean(missingMs)} ms, worst ${worst(missingMs)} ms; start: mean ${mean(startMs)} ms, worst ${worst(startMs)} ms`,
    );
    await Promise.all([...agents.values()].map((agent) => agent.stop()));
    await scene.stop();
  });

  it.each(Array.from({ length: rounds }, (_, round) => round))('round %i', async (round) => {
    const found = await killRound(randomFrom(seed + round));
    for (const each of found) judge(each, found);
  });

  it('and `onrecord verify` finds every recording good', async () => {
    const verified = await scene.node.run('verify');
    expect(verified.stderr).toBe('');
    expect(verified.stdout.trim()).toBe(`${played * shapes.length} good, 0 bad`);
    expect(verified.code).toBe(0);
  });
});

async function killRound(random: Random): Promise<Found[]> {
  const pairs: Pair[] = [];
  for (const shape of shapes) pairs.push(await startTalk(shape, random));
  played += 1;
  const talkMs = 1200 + 2800 * random();
  const hangUpMs = talkMs - 400 * random();
  figures.talkMs.push(talkMs);
  const hangUps = pairs.filter(({ shape }) => shape.hangsUp).map((pair) => hangUpAfter(pair, hangUpMs));
  await after(talkMs);
  for (const pair of pairs) pair.until ??= saidSamples(pair);
  const processes = scene.node.processes();
  expect(processes.length).toBeGreaterThanOrEqual(3);
  await scene.node.kill();
  expect(processes.filter(isAlive)).toEqual([]);
  await Promise.race([Promise.all(hangUps), after(200)]);
  for (const { sides } of pairs) for (const side of sides) side.closeMedia();
  const before = performance.now();
  await scene.restart();
  figures.startMs.push(performance.now() - before);
  return Promise.all(pairs.map(find));
}

async function startTalk(shape: Shape, random: Random): Promise<Pair> {
  const agent = agents.get(shape.extension)!;
  const calling = agent.call(`sip:${outsideNumber}@127.0.0.1:${scene.lanPort};transport=tcp`);
  const called = await scene.trunk.nextCall();
  await called.answer();
  expect((await calling.answered).status).toBe(200);
  void calling.rtp.play(hiss(random, 10));
  void called.rtp.play(hiss(random, 10));
  return { shape, sides: [calling, called], until: null };
}

async function hangUpAfter(pair: Pair, milliseconds: number): Promise<void> {
  await after(milliseconds);
  pair.until = saidSamples(pair);
  await pair.sides[0].hangUp();
}

function saidSamples({ sides }: Pair): readonly [number, number] {
  return [sides[0].rtp.said().length, sides[1].rtp.said().length];
}

/** The newest recording of an extension, once it and its call are settled. */
async function find({ shape, sides, until }: Pair): Promise<Found> {
  const { api } = scene.node;
  const said = [sides[0].rtp.said(), sides[1].rtp.said()] as const;
  const { call, recording } = await waitUntil(`the recording of ${shape.extension}`, async () => {
    const calls = (await api.calls()).filter(({ from }) => from === shape.extension);
    const newest = calls.toSorted((a, b) => a.startedAt.localeCompare(b.startedAt)).at(-1);
    if (calls.length !== played || newest === undefined || newest.endedAt === null) return undefined;
    const own = (await api.recordings()).find(({ callId }) => callId === newest.id);
    if (own === undefined || ['expected', 'recording'].includes(own.state)) return undefined;
    return { call: newest, recording: own };
  });
  expect(['interrupted', 'sealed'], `${recording.state}: ${recording.reason ?? ''}`).toContain(
    recording.state,
  );
  const file = join(scene.directory, `${recording.id}.${shape.format}`);
  writeFileSync(file, await api.audio(recording.id));
  const channels = decodedByFfmpeg(file, 2);
  const heard = channels.map((channel, side) => heardOf(channel, said[side]!, until![side]!));
  return { shape, call, recording, file, channels, heard, said };
}

function judge({ shape, call, recording, file, channels, heard }: Found, round: readonly Found[]): void {
  const where = `${shape.extension} ${JSON.stringify(heard)} ${JSON.stringify(recording)}`;
  if (!shape.hangsUp) expect(recording.state, where).toBe('interrupted');
  if (recording.state === 'sealed') figures.sealed += 1;
  expect(call.endedAt, where).not.toBeNull();
  expect(call.outcome, where).not.toBeNull();
  if (!shape.hangsUp) expect(call, where).toMatchObject({ outcome: 'ours', reason: 'crash' });
  expect(probedChannels(file), where).toBe(2);
  expect(Math.round(channels[0]!.length / 8), where).toBe(recording.durationMs);
  for (const [side, { missingMs, end, whole }] of heard.entries()) {
    figures.missingMs.push(missingMs);
    expect(end, where).toBeGreaterThan(alike[shape.format]);
    expect(whole, where).toBeGreaterThan(alike[shape.format]);
    expect(missingMs, where).toBeLessThanOrEqual(mayMissMs);
    const tail = channels[side]!.subarray(-4000);
    for (const other of round) {
      for (const [theirs, voice] of other.said.entries()) {
        if (other.shape === shape && theirs === side) continue;
        expect(align(voice, tail).correlation, where).toBeLessThan(0.5);
      }
    }
  }
}

function probedChannels(file: string): number {
  const output = execFileSync('ffprobe', [
    ...['-v', 'error', '-show_entries', 'stream=channels', '-of', 'csv=p=0', file],
  ]);
  return Number(output.toString().trim());
}
