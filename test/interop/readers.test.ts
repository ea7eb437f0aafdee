import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { after } from '../end-to-end/voices.ts';
import { Agent } from '../support/agent/agent.ts';
import type { RecordingView } from '../support/api-client.ts';
import { announcedElsewhere } from '../support/node-config.ts';
import { waitUntil } from '../support/processes.ts';
import { outsideNumber, Scene } from '../support/scene.ts';
import { amplitudeAt } from '../support/sound.ts';
import { missingTools } from './debian-tools.ts';

interface Shape {
  readonly extension: string;
  readonly format: 'wav' | 'wav-alaw' | 'wav-mulaw' | 'mp3';
  readonly channels: 'stereo' | 'mono';
  readonly hertz: readonly [caller: number, callee: number];
  /** Of no round number of MP3 frames, nor the same in two calls. */
  readonly talkMs: number;
}

const shapes: readonly Shape[] = [
  { extension: '301', format: 'wav', channels: 'stereo', hertz: [440, 1010], talkMs: 3000 },
  { extension: '302', format: 'wav', channels: 'mono', hertz: [520, 1130], talkMs: 3130 },
  { extension: '303', format: 'mp3', channels: 'stereo', hertz: [610, 1270], talkMs: 3270 },
  { extension: '304', format: 'mp3', channels: 'mono', hertz: [730, 1390], talkMs: 3390 },
  { extension: '305', format: 'wav-alaw', channels: 'stereo', hertz: [830, 1490], talkMs: 3050 },
  { extension: '306', format: 'wav-mulaw', channels: 'mono', hertz: [910, 1570], talkMs: 3170 },
];
const codecs = { wav: 'pcm_s16le', 'wav-alaw': 'pcm_alaw', 'wav-mulaw': 'pcm_mulaw', mp3: 'mp3' } as const;
const kindOf = (format: Shape['format']): 'wav' | 'mp3' => (format === 'mp3' ? 'mp3' : 'wav');
const said = 8000;
/** Nobody speaks in the first moments of a call, and the last packets end within a frame. */
const edge = 8000 / 2;

interface Recorded {
  /** From the answer to the hang-up, by the caller's clock. */
  readonly talkedMs: number;
  readonly view: RecordingView;
  readonly file: string;
}

let scene: Scene;
let folder: string;
const recorded = new Map<string, Recorded>();
const missing = missingTools('ffmpeg', 'ffprobe');

beforeAll(async () => {
  if (missing !== null) return;
  folder = mkdtempSync(join(tmpdir(), 'onrecord-readers-'));
  scene = await Scene.start({
    rulesBefore: shapes.map(({ extension, format, channels }) => ({
      ...announcedElsewhere,
      ...{ id: `as-${extension}`, when: { extension }, format, channels },
    })),
  });
  await Promise.all(shapes.map(talk));
  // One by one: two conversions at once are all that a node does.
  for (const { view, file } of recorded.values())
    writeFileSync(`${file}.wav`, await scene.node.api.audio(view.id, '?format=wav'));
});
afterAll(async () => {
  if (missing !== null) return;
  await scene.stop();
  rmSync(folder, { recursive: true });
});

/** One call, all at the same time, each party with a tone of its own from the first packet to the last. */
async function talk({ extension, format, hertz, talkMs }: Shape): Promise<void> {
  const proxy = { host: '127.0.0.1', port: scene.lanPort };
  const agent = await Agent.start({ user: extension, proxy });
  const calling = agent.call(`sip:${outsideNumber}@127.0.0.1:${scene.lanPort};transport=tcp`);
  const called = await scene.trunk.nextCall();
  await called.answer();
  expect((await calling.answered).status).toBe(200);
  const callerName = called.request?.from.uri.user;
  const shape = shapes.find((each) => each.extension === callerName);
  const answered = performance.now();
  calling.rtp.playTone(hertz[0], said);
  called.rtp.playTone(shape!.hertz[1], said);
  await after(talkMs);
  const talkedMs = performance.now() - answered;
  await calling.hangUp();
  await agent.stop();
  const view = await waitUntil(`the recording of ${extension}`, async () => {
    const call = (await scene.node.api.calls()).find(({ from }) => from === extension);
    return (await scene.node.api.recordings()).find(
      ({ callId, state }) => callId === call?.id && state === 'sealed',
    );
  });
  const file = join(folder, `${extension}.${kindOf(format)}`);
  writeFileSync(file, await scene.node.api.audio(view.id));
  recorded.set(extension, { talkedMs, view, file });
}

describe.skipIf(missing !== null).each(shapes)(
  'a $channels $format of a call, read by ffprobe and ffmpeg',
  ({ extension, format, channels, hertz }) => {
    const count = channels === 'stereo' ? 2 : 1;
    const of = (): Recorded => recorded.get(extension)!;

    it('is what the API says: format, codec, channels, sample rate', () => {
      const { view, file } = of();
      const { streams, format: container } = probe(file);
      expect(view).toMatchObject({ format, channels, sampleRate: 8000 });
      expect(container.format_name).toBe(kindOf(format));
      expect(Number(container.size)).toBe(view.sizeBytes);
      expect(streams).toHaveLength(1);
      expect(streams[0]).toMatchObject({
        codec_name: codecs[format],
        sample_rate: '8000',
        channels: count,
      });
    });

    it('is as long as the API says, to the sample, and as long as the call', () => {
      const { view, file, talkedMs } = of();
      const frames = samplesOf(file, count)[0]!.length;
      // The API counts whole milliseconds.
      expect(Math.round(frames / 8)).toBe(view.durationMs);
      // ffprobe 5 counts an MP3's frames whole, whoever encoded it: up to two of 72 ms and the decoder's delay more.
      const probed = 8000 * Number(probe(file).format.duration) - frames;
      if (kindOf(format) === 'wav') expect(probed).toBeCloseTo(0, 3);
      else expect(probed).toBeLessThan(3 * 576 + 529);
      for (const ledger of view.ledger ?? []) {
        const { receivedMs, concealedMs, heldMs, pausedMs, lostMs } = ledger;
        expect(receivedMs + concealedMs + heldMs + pausedMs + lostMs).toBe(view.durationMs);
      }
      expect(Math.abs((view.durationMs ?? 0) - talkedMs)).toBeLessThan(250);
    });

    it('holds each party’s tone where it belongs, and no other', () => {
      const decoded = samplesOf(of().file, count).map((each) => each.subarray(edge, each.length - edge));
      const others = shapes.flatMap((each) => each.hertz).filter((each) => !hertz.includes(each));
      const expected = channels === 'stereo' ? [[hertz[0]], [hertz[1]]] : [hertz];
      for (const [channel, own] of expected.entries()) {
        for (const tone of own) {
          const level = amplitudeAt(decoded[channel]!, tone) / said;
          expect(level, `${tone} Hz in channel ${channel}`).toBeGreaterThan(0.9 / own.length);
          expect(level, `${tone} Hz in channel ${channel}`).toBeLessThan(1.1);
        }
        for (const tone of [...others, ...hertz.filter((each) => !own.includes(each))]) {
          expect(
            amplitudeAt(decoded[channel]!, tone) / said,
            `${tone} Hz in channel ${channel}`,
          ).toBeLessThan(0.01);
        }
      }
    });
  },
);

describe.skipIf(missing !== null)('a WAV of G.711', () => {
  it.each(shapes.filter(({ format }) => format === 'wav-alaw' || format === 'wav-mulaw'))(
    '$format, $channels: converted to linear PCM it is what ffmpeg decodes, and half the size before',
    ({ extension, channels }) => {
      const { view, file } = recorded.get(extension)!;
      const count = channels === 'stereo' ? 2 : 1;
      expect(probe(`${file}.wav`).streams[0]).toMatchObject({ codec_name: 'pcm_s16le' });
      expect(samplesOf(`${file}.wav`, count)).toEqual(samplesOf(file, count));
      expect(view.sizeBytes! / Number(probe(`${file}.wav`).format.size)).toBeLessThan(0.53);
    },
  );
});

describe.skipIf(missing !== null)('an MP3 of a call', () => {
  it.each(shapes.filter(({ format }) => format === 'mp3'))(
    'carries its exact length in an Info tag: decoded without it, $channels is longer',
    ({ extension, channels }) => {
      const { view, file } = recorded.get(extension)!;
      const count = channels === 'stereo' ? 2 : 1;
      const kept = samplesOf(file, count)[0]!.length;
      expect(samplesOf(`${file}.wav`, count)[0]!.length).toBe(kept);
      const all = samplesOf(file, count, ['-flags2', '+skip_manual'])[0]!.length;
      expect(Math.round(kept / 8)).toBe(view.durationMs);
      // Encoder delay and padding: 576 samples of delay at least, and whole frames of 576 samples (MPEG-2.5).
      expect(all).toBeGreaterThan(kept + 500);
      expect(all % 576).toBe(0);
    },
  );
});

interface Probed {
  readonly streams: readonly Readonly<Record<string, unknown>>[];
  readonly format: {
    readonly format_name: string;
    readonly size: string;
    readonly duration: string;
  };
}

function probe(file: string): Probed {
  const output = execFileSync('ffprobe', [
    ...['-v', 'error', '-show_format', '-show_streams', '-of', 'json', file],
  ]);
  return JSON.parse(output.toString()) as Probed;
}

/** Decoded by ffmpeg, an array a channel. */
function samplesOf(file: string, count: number, options: readonly string[] = []): Int16Array[] {
  const raw = execFileSync(
    'ffmpeg',
    ['-v', 'error', ...options, '-i', file, '-f', 's16le', '-c:a', 'pcm_s16le', '-'],
    { maxBuffer: 64 * 1024 * 1024 },
  );
  const frames = raw.length / (2 * count);
  return Array.from({ length: count }, (_, channel) =>
    Int16Array.from({ length: frames }, (_, frame) => raw.readInt16LE(2 * (frame * count + channel))),
  );
}
