import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { after } from '../end-to-end/voices.ts';
import type { Agent, AgentCall } from '../support/agent/agent.ts';
import { decodeG711 } from '../support/agent/g711.ts';
import { freeUdpRange } from '../support/free-ports.ts';
import { englishPrompt } from '../support/node-config.ts';
import { waitUntil } from '../support/processes.ts';
import { extension, outsideNumber, Scene } from '../support/scene.ts';
import { align, amplitudeAt } from '../support/sound.ts';
import { readWav } from '../support/wav-file.ts';
import { Capture, type CapturedDatagram } from './capture.ts';

const prompt = readWav(englishPrompt.file).channels[0]!;
const promptMs = (prompt.length / 8000) * 1000;
/** What each party says from its first moment to its last, in Hz and at this amplitude. */
const tones = { caller: 700, callee: 1100 } as const;
const amplitude = 8000;
/** -40 dB of it. */
const inaudible = amplitude / 100;

type Party = keyof typeof tones;
type Way = 'inbound' | 'outbound';

interface Row {
  readonly way: Way;
  readonly when: 'before-connect' | 'on-answer';
  readonly beforeConnect?: 'early' | 'answer';
  readonly to: Party | 'all';
  readonly answers?: 'opt-out' | 'opt-in';
  readonly beepSeconds?: number;
  /** The INVITE has no offer. */
  readonly offersLate?: boolean;
  readonly evidence: readonly string[];
}

const elsewhere = (party: Party): string => `${party} elsewhere on-answer`;
const rows: Readonly<Record<string, Row>> = {
  'early-all': {
    ...{ way: 'inbound', when: 'before-connect', to: 'all' },
    evidence: ['callee told on-answer', 'caller told before-connect'],
  },
  'early-caller': {
    ...{ way: 'outbound', when: 'before-connect', to: 'caller' },
    evidence: [elsewhere('callee'), 'caller told before-connect'],
  },
  'answer-all': {
    ...{ way: 'outbound', when: 'before-connect', beforeConnect: 'answer', to: 'all' },
    evidence: ['callee told on-answer', 'caller told before-connect'],
  },
  'answer-caller': {
    ...{ way: 'inbound', when: 'before-connect', beforeConnect: 'answer', to: 'caller' },
    evidence: [elsewhere('callee'), 'caller told before-connect'],
  },
  'answer-late': {
    ...{ way: 'outbound', when: 'before-connect', beforeConnect: 'answer', to: 'caller', offersLate: true },
    evidence: [elsewhere('callee'), 'caller told before-connect'],
  },
  'on-answer-all': {
    ...{ way: 'inbound', when: 'on-answer', to: 'all' },
    evidence: ['callee told on-answer', 'caller told on-answer'],
  },
  'on-answer-callee': {
    ...{ way: 'outbound', when: 'on-answer', to: 'callee' },
    evidence: ['callee told on-answer', elsewhere('caller')],
  },
  'on-answer-caller': {
    ...{ way: 'outbound', when: 'on-answer', to: 'caller' },
    evidence: [elsewhere('callee'), 'caller told on-answer'],
  },
  'opt-out': {
    ...{ way: 'inbound', when: 'on-answer', to: 'caller', answers: 'opt-out' },
    evidence: [elsewhere('callee'), 'caller opted-out on-answer'],
  },
  'opt-in': {
    ...{ way: 'outbound', when: 'on-answer', to: 'callee', answers: 'opt-in' },
    evidence: ['callee agreed on-answer', elsewhere('caller')],
  },
  beep: {
    ...{ way: 'inbound', when: 'on-answer', to: 'all', beepSeconds: 5 },
    evidence: ['callee told on-answer', 'caller told on-answer'],
  },
  // The PBX's INVITE with Replaces, which puts itself in the place of `on-answer-all`'s callee.
  joins: {
    ...{ way: 'outbound', when: 'on-answer', to: 'all' },
    evidence: ['callee told on-answer', 'caller told on-answer'],
  },
};

function ruleOf([id, row]: [string, Row]): object {
  const { when, beforeConnect = 'early', to, answers, beepSeconds } = row;
  const key = answers === undefined ? {} : { key: '1' };
  return {
    ...{ id, mode: 'automatic', purpose: 'quality', consent: answers ?? 'notice' },
    when: { header: { 'X-Case': id } },
    announce: { prompt: englishPrompt.id, to, when, beforeConnect, ...key },
    ...(to === 'all' ? {} : { told: 'It is in the contract.' }),
    ...(beepSeconds === undefined ? {} : { beep: { everySeconds: beepSeconds } }),
  };
}

/** A call as it went; what was heard of it is in the capture, by port. */
interface Placed {
  readonly ports: Readonly<Record<Party, number>>;
  readonly calledSeen: AgentCall;
  readonly sipCallId: string;
}

let scene: Scene;
let wire: readonly CapturedDatagram[];
const placed = new Map<string, Placed>();
const evidence = new Map<string, readonly string[]>();
const states = new Map<string, readonly string[]>();
const ids = new Map<string, string>();
const arrived = new Map<string, AgentCall>();

function takeCalls(agent: Agent): void {
  agent.answerAll((call) => {
    call.rtp.playTone(tones.callee, amplitude);
    arrived.set(call.request?.getHeader('X-Case') ?? '', call);
  });
}

async function place(
  name: string,
  { way, when, beforeConnect, answers, beepSeconds = 0, offersLate = false }: Row,
  extra: readonly string[] = [],
) {
  const [agent, uri] =
    way === 'outbound'
      ? [scene.pbx, `sip:${outsideNumber}@127.0.0.1:${scene.lanPort};transport=tcp`]
      : [scene.trunk, `sip:${extension}@127.0.0.1:${scene.wanPort};transport=tcp`];
  const hearsEarly = when === 'before-connect' && beforeConnect === undefined;
  const calling = agent.call(uri, [`X-Case: ${name}`, ...extra], { hearsEarly, offersLate });
  await waitUntil(
    'our own media',
    () => calling.session.sessionDescriptionHandler !== undefined || undefined,
  );
  await waitUntil('the answer', () => calling.media.remote ?? undefined);
  calling.rtp.playTone(tones.caller, amplitude);
  const called = await waitUntil(`${name} to arrive`, () => arrived.get(name));
  expect((await calling.answered).status).toBe(200);
  if (answers === 'opt-out') await after(1000).then(() => calling.rtp.press('1'));
  await after(promptMs + 1000);
  if (answers === 'opt-in') await called.rtp.press('1');
  await after(1500 + beepSeconds * 1000);
  const sipCallId = calling.sipCallId;
  placed.set(name, {
    ports: { caller: calling.rtp.port, callee: called.rtp.port },
    ...{ calledSeen: called, sipCallId },
  });
  return { calling, called };
}

/** The PBX takes the call over from another of its telephones. */
async function placeAndJoin(): Promise<void> {
  const { called } = await place('on-answer-all', rows['on-answer-all']!);
  const { dialog } = called.session;
  const [ours, theirs] = [dialog?.localTag ?? '', dialog?.remoteTag ?? ''];
  const ids = `Replaces: ${dialog?.callId ?? ''};to-tag=${theirs};from-tag=${ours}`;
  const { calling } = await place('joins', rows.joins!, [ids]);
  await called.ended;
  await calling.hangUp();
}

async function placeAlone(name: string, row: Row): Promise<void> {
  const { calling, called } = await place(name, row);
  await calling.hangUp();
  await called.ended;
}

async function settle(name: string): Promise<void> {
  const { sipCallId } = placed.get(name)!;
  const call = await waitUntil(`the end of ${name}`, async () =>
    (await scene.node.api.calls()).find(
      ({ endedAt, legs }) => endedAt !== null && legs.some((leg) => leg.sipCallId === sipCallId),
    ),
  );
  const { items } = await scene.node.api.callConsent(call.id);
  evidence.set(name, items.map(({ party, outcome, moment }) => `${party} ${outcome} ${moment}`).sort());
  const { recordings } = await scene.node.api.call(call.id);
  ids.set(name, recordings[0]?.id ?? '');
  states.set(
    name,
    recordings.map(({ state, reason }) => `${state} ${reason ?? ''}`.trim()),
  );
}

beforeAll(async () => {
  const first = await freeUdpRange(80);
  scene = await Scene.start({
    mediaPorts: [first, first + 79],
    rule: { announce: { prompt: englishPrompt.id, to: 'all', when: 'on-answer' } },
    rulesBefore: Object.entries(rows).map(ruleOf) as Record<string, unknown>[],
  });
  const file = join(scene.directory, 'announcements.pcap');
  const capture = await Capture.start(file, 'lo', `udp and src portrange ${first}-${first + 79}`);
  for (const agent of [scene.pbx, scene.trunk]) takeCalls(agent);
  const alone = Object.entries(rows).filter(([name]) => name !== 'joins' && name !== 'on-answer-all');
  // Side by side, since the time that they take is what costs.
  await Promise.all([placeAndJoin(), ...alone.map(([name, row]) => placeAlone(name, row))]);
  wire = await capture.stop();
  for (const name of Object.keys(rows)) await settle(name);
});
afterAll(() => scene.stop());

interface HeardPacket {
  readonly at: number;
  readonly payload: Buffer;
}

/** Speech that went to a party, as the capture has it: RTP version 2 of PCMA (RFC 3550 §5.1). */
function heardBy(name: string, party: Party): HeardPacket[] {
  const port = placed.get(name)!.ports[party];
  return wire
    .filter(({ toPort, payload }) => toPort === port && payload[0] === 0x80 && (payload[1]! & 0x7f) === 8)
    .map(({ at, payload }) => ({ at, payload: payload.subarray(12) }));
}

const joined = (packets: readonly HeardPacket[]): Buffer =>
  Buffer.concat(packets.map(({ payload }) => payload));
const pcm = (packets: readonly HeardPacket[]): Int16Array => decodeG711('pcma', joined(packets));

/** Half a step of A-law at this sample (G.711, table 1a): an encoder may go either way from the middle of two. */
const halfStep = (sample: number): number =>
  Math.max(8, 2 ** Math.floor(Math.log2(Math.max(1, Math.abs(sample)))) / 32);

/** From when to when the party heard the prompt, whole and as one piece; null: it did not. */
function toldAt(packets: readonly HeardPacket[]): readonly [from: number, to: number] | null {
  const heard = pcm(packets);
  const start = align(heard, prompt).lag;
  if (!prompt.every((sample, i) => Math.abs((heard[start + i] ?? Infinity) - sample) <= halfStep(sample)))
    return null;
  let passed = 0;
  const within = packets.filter(({ payload }) => {
    passed += payload.length;
    return passed > start && passed - payload.length < start + prompt.length;
  });
  return [within[0]!.at, within.at(-1)!.at];
}

const other = (party: Party): Party => (party === 'caller' ? 'callee' : 'caller');
const parties = ['caller', 'callee'] as const;
const owed = (to: Row['to']): readonly Party[] => parties.filter((party) => to === 'all' || to === party);
const told = Object.entries(rows).filter(([, { answers }]) => answers !== 'opt-out');

describe.each(told)('%s: on the wire', (name, { to, when }) => {
  it.each(owed(to))(
    'the prompt reaches the %s whole, each sample as A-law has it, with nothing between its packets',
    (party) => {
      expect(toldAt(heardBy(name, party))).not.toBeNull();
    },
  );

  it('and no speech of either party reaches the other one meanwhile', () => {
    for (const party of owed(to)) {
      const [from, until] = toldAt(heardBy(name, party))!;
      const across = heardBy(name, other(party));
      const own = toldAt(across);
      // Who hears its own prompt at that moment hears that alone, as the row above holds.
      const meanwhile = across.filter(
        ({ at }) => at >= from && at <= until && (own === null || at < own[0] || at > own[1]),
      );
      expect(amplitudeAt(pcm(meanwhile), tones[party])).toBeLessThan(inaudible);
    }
  });

  it.each(parties)('the %s hears the other party once everybody was told', (party) => {
    expect(amplitudeAt(pcm(heardBy(name, party).slice(-25)), tones[other(party)])).toBeGreaterThan(
      amplitude / 2,
    );
  });

  it.runIf(when === 'before-connect')('the callee is reached when the caller has heard all of it', () => {
    expect(heardBy(name, 'callee')[0]!.at).toBeGreaterThan(toldAt(heardBy(name, 'caller'))![1]);
  });
});

describe('opt-out', () => {
  it('the key ends the prompt, and both hear each other', () => {
    expect(toldAt(heardBy('opt-out', 'caller'))).toBeNull();
    for (const party of parties) {
      const end = pcm(heardBy('opt-out', party).slice(-25));
      expect(amplitudeAt(end, tones[other(party)])).toBeGreaterThan(amplitude / 2);
    }
  });
});

describe('beep', () => {
  const beepHertz = 1400;
  /** -20 dBm0 (ITU-T G.711 §4 has +3.14 as its greatest). */
  const beepAmplitude = 2280;
  /** By 20 ms of what was heard since the prompt: whether the tone is in it. */
  const sounding = (party: Party): boolean[] => {
    const heard = heardBy('beep', party);
    const [, toldUntil] = toldAt(heard)!;
    const speech = heard.filter(({ at }) => at > toldUntil);
    return speech.map((packet) => amplitudeAt(pcm([packet]), beepHertz) > beepAmplitude / 2);
  };

  it.each(parties)('is heard by the %s for 200 ms, over the other party', (party) => {
    const packets = sounding(party);
    const first = packets.indexOf(true);
    expect(first * 20).toBeGreaterThan(4800);
    expect(first * 20).toBeLessThan(5200);
    expect(packets.lastIndexOf(true) - first + 1).toBeGreaterThanOrEqual(9);
    expect(packets.filter(Boolean).length).toBeLessThanOrEqual(11);
    const beeped = heardBy('beep', party)
      .slice(-packets.length)
      .slice(first, first + 10);
    expect(amplitudeAt(pcm(beeped), tones[other(party)])).toBeGreaterThan(amplitude / 2);
  });

  it('is not in the recording', async () => {
    const { channels } = readWav(await scene.node.api.audio(ids.get('beep')!));
    for (const channel of channels) {
      for (let from = 0; from + 800 <= channel.length; from += 800)
        expect(amplitudeAt(channel.subarray(from, from + 800), beepHertz)).toBeLessThan(inaudible);
    }
  });
});

describe.each(Object.entries(rows))('%s: afterwards', (name, row) => {
  it('the evidence says who was told when, and what they answered', () => {
    expect(evidence.get(name)).toEqual([...row.evidence].sort());
  });

  it('the recording is there, but for who has refused', () => {
    expect(states.get(name)).toEqual([row.answers === 'opt-out' ? 'none opted-out' : 'sealed']);
  });
});
