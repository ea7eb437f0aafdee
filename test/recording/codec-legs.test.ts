import { readFileSync } from 'node:fs';
import { createEncoder } from 'libopus-wasm';
import { beforeAll, describe, expect, it } from 'vitest';
import { codecId } from '../../src/audio/codec-id.ts';
import { decodeALaw, encodeALaw } from '../../src/audio/g711.ts';
import { G722Encoder } from '../../src/audio/g722-encoder.ts';
import type { RecordingRate } from '../../src/audio/recording-rate.ts';
import { resample } from '../../src/audio/resample.ts';
import { SpeechDecoders } from '../../src/audio/speech-decoders.ts';
import { channelLedger } from '../../src/recording/slot.ts';
import { align, rms } from '../support/sound.ts';
import { readWav } from '../support/wav-file.ts';
import { rtp } from './rtp.ts';
import { type Happening, type Recorded, runPipeline } from './run-pipeline.ts';

const voice = readWav(readFileSync('fixtures/voices/caller.wav')).channels[0]!.slice(4000, 20_800);
const rates = [8000, 16_000, 48_000] as const;
const payloadTypes = { pcma: 8, g722: 9, opus: 111, events: 101, wideEvents: 110, noise: 13 } as const;
const formats = [
  ...[payloadTypes.pcma, codecId.pcma, 8],
  ...[payloadTypes.g722, codecId.g722, 8],
  ...[payloadTypes.opus, codecId.opus, 48],
  ...[payloadTypes.events, codecId.telephoneEvent, 8],
  ...[payloadTypes.wideEvents, codecId.telephoneEvent, 48],
  ...[payloadTypes.noise, codecId.comfortNoise, 8],
];
const decoders = new SpeechDecoders();

interface Speech {
  readonly payloadType: number;
  readonly clockKhz: number;
  readonly ms: number;
  readonly payloads: readonly Uint8Array[];
}

function aLaw(ms = 20): Speech {
  const octets = new Uint8Array(voice.length);
  encodeALaw(voice, 0, voice.length, octets, 0);
  return { payloadType: payloadTypes.pcma, clockKhz: 8, ms, payloads: cut(octets, 8 * ms) };
}

function g722(ms = 20): Speech {
  const wide = resample(voice, 8000, 16_000);
  const octets = new Uint8Array(voice.length);
  new G722Encoder().encode(wide, 0, octets.length, octets, 0);
  return { payloadType: payloadTypes.g722, clockKhz: 8, ms, payloads: cut(octets, 8 * ms) };
}

async function opus(ms = 20, fec = false): Promise<Speech> {
  const full = resample(voice, 8000, 48_000);
  const encoder = await createEncoder({
    channels: 1,
    sampleRate: 48_000,
    application: 2048,
    bitrate: 32_000,
    fec,
    packetLossPercent: fec ? 20 : 0,
  });
  const payloads = Array.from({ length: Math.floor(full.length / (48 * ms)) }, (_, i) =>
    encoder.encode(full.slice(48 * ms * i, 48 * ms * (i + 1)), { frameSize: 48 * ms }),
  );
  encoder.free();
  return { payloadType: payloadTypes.opus, clockKhz: 48, ms, payloads };
}

function cut(octets: Uint8Array, length: number): Uint8Array[] {
  return Array.from({ length: Math.floor(octets.length / length) }, (_, i) =>
    octets.subarray(i * length, (i + 1) * length),
  );
}

interface Sending {
  readonly channel?: 0 | 1;
  readonly startMs?: number;
  readonly from?: number;
  readonly to?: number;
  readonly sequence?: number;
  /** RTP timestamp of packet 0. */
  readonly timestamp?: number;
  readonly lost?: (index: number) => boolean;
  readonly atOf?: (index: number) => number;
}

/** Packets of a speech, in real time from an instant on. */
function send(speech: Speech, sending: Sending = {}): Happening[] {
  const { channel = 0, startMs = 0, from = 0, to = speech.payloads.length } = sending;
  const { sequence = 65_500, timestamp = 2 ** 32 - 9000, lost = () => false } = sending;
  const atOf = sending.atOf ?? ((i: number) => startMs + speech.ms * i);
  return speech.payloads
    .map((payload, i): Happening => {
      const packet = rtp({
        sequence: sequence + i,
        timestamp: timestamp + speech.clockKhz * speech.ms * i,
        payloadType: speech.payloadType,
        payload,
      });
      return { at: atOf(i), channel, packet };
    })
    .filter((_, i) => i >= from && i < to && !lost(i));
}

const run = (happenings: readonly Happening[], lengthMs: number, sampleRate: RecordingRate): Recorded =>
  runPipeline(happenings, lengthMs, { sampleRate, formats, decoders });

const ledger = (recorded: Recorded, sampleRate: number, lengthMs: number, channel: 0 | 1 = 0) =>
  channelLedger('caller', recorded.slots[channel], sampleRate, lengthMs);

/** What a decoder makes of all packets, with nothing missing. */
function decoded(speech: Speech, sampleRate: RecordingRate): Int16Array {
  const codec = { 8: codecId.pcma, 9: codecId.g722, 111: codecId.opus }[speech.payloadType]!;
  const decoder = decoders.acquire(codec, sampleRate)!;
  const target = new Int16Array(12_000);
  const parts = speech.payloads.map((payload) =>
    target.slice(0, decoder.decode(payload, 0, payload.length, target)),
  );
  parts.push(target.slice(0, decoder.drain(target)));
  decoder.release();
  return Int16Array.from(parts.flatMap((part) => Array.from(part)));
}

/** -1: they are the same. */
function firstDifference(one: Int16Array, other: Int16Array): number {
  return one.length === other.length ? one.findIndex((sample, i) => sample !== other[i]) : one.length;
}

const speeches = {
  'G.711': () => Promise.resolve(aLaw()),
  'G.722': () => Promise.resolve(g722()),
  Opus: () => opus(),
} as const;
const names = Object.keys(speeches) as (keyof typeof speeches)[];

beforeAll(async () => {
  for (const rate of rates) await decoders.ready(rate);
});

describe.each(names)('a leg of %s', (name) => {
  it.each(rates)('in a recording at %i Hz lies where it was said, sample for sample', async (rate) => {
    await decoders.ready(rate);
    const speech = await speeches[name]();
    const lengthMs = 20 * speech.payloads.length + 40;
    const recorded = run(send(speech, { startMs: 40 }), lengthMs, rate);
    expect(firstDifference(recorded.left.subarray((40 * rate) / 1000), decoded(speech, rate))).toBe(-1);
    expect(ledger(recorded, rate, lengthMs)).toMatchObject({ receivedMs: lengthMs - 40, lostMs: 40 });
    const truth = resample(voice, 8000, rate).subarray(0, rate / 2);
    expect(align(recorded.left.subarray(0, rate), truth, 0, rate / 10).correlation).toBeGreaterThan(0.9);
  });

  it('a lost packet is made up, and counted as made up', async () => {
    await decoders.ready(16_000);
    const speech = await speeches[name]();
    const lengthMs = 20 * speech.payloads.length;
    const recorded = run(send(speech, { lost: (i) => i % 25 === 24 }), lengthMs, 16_000);
    const gaps = speech.payloads.filter((_, i) => i % 25 === 24).length;
    expect(ledger(recorded, 16_000, lengthMs)).toMatchObject({
      receivedMs: lengthMs - 20 * gaps,
      concealedMs: 20 * gaps,
      lostMs: 0,
    });
    const inGap = recorded.left.subarray(16 * 20 * 49, 16 * 20 * 50);
    expect(rms(inGap)).toBeGreaterThan(0.2 * rms(recorded.left.subarray(16 * 20 * 48, 16 * 20 * 49)));
  });

  it('of a long gap 60 ms are made up, the rest is lost', async () => {
    await decoders.ready(16_000);
    const speech = await speeches[name]();
    const lengthMs = 20 * speech.payloads.length;
    const recorded = run(send(speech, { lost: (i) => i >= 30 && i < 50 }), lengthMs, 16_000);
    expect(ledger(recorded, 16_000, lengthMs)).toMatchObject({
      receivedMs: lengthMs - 400,
      concealedMs: 60,
      lostMs: 340,
    });
    const quiet = recorded.left.subarray(16 * (600 + 65), 16 * 1000);
    expect(quiet.every((sample) => sample === 0)).toBe(true);
  });
});

describe('packet times', () => {
  it.each([
    ...[10, 30, 40, 60].map((ms) => ({ codec: 'G.711', ms, make: () => Promise.resolve(aLaw(ms)) })),
    ...[10, 30, 60].map((ms) => ({ codec: 'G.722', ms, make: () => Promise.resolve(g722(ms)) })),
    ...[2.5, 5, 10, 40, 60].map((ms) => ({ codec: 'Opus', ms, make: () => opus(ms) })),
  ])('$codec in packets of $ms ms', async ({ ms, make }) => {
    await decoders.ready(16_000);
    const speech = await make();
    const lengthMs = ms * speech.payloads.length;
    const recorded = run(send(speech), lengthMs, 16_000);
    expect(firstDifference(recorded.left, decoded(speech, 16_000))).toBe(-1);
    expect(ledger(recorded, 16_000, lengthMs).receivedMs).toBe(lengthMs);
  });
});

describe('a codec that changes in mid-call', () => {
  it.each([
    { name: 'wider, on the same clock', before: 'G.711', after: 'G.722' },
    { name: 'narrower, on the same clock', before: 'G.722', after: 'G.711' },
    { name: 'to another clock (RFC 7160)', before: 'G.711', after: 'Opus' },
    { name: 'back from another clock', before: 'Opus', after: 'G.722' },
  ] as const)('$name: $before to $after', async ({ before, after }) => {
    for (const rate of rates) {
      await decoders.ready(rate);
      const [first, second] = [await speeches[before](), await speeches[after]()];
      const recorded = run(
        [
          ...send(first, { to: 50 }),
          // The numbers go on; so do the timestamps, but for a clock of another rate.
          ...send(second, {
            from: 50,
            ...(first.clockKhz === second.clockKhz ? {} : { timestamp: 123_456_789 }),
          }),
        ],
        2000,
        rate,
      );
      expect(ledger(recorded, rate, 2000)).toMatchObject({ receivedMs: 2000, lostMs: 0, concealedMs: 0 });
      const truth = resample(voice, 8000, rate);
      const part = truth.subarray(1.3 * rate, 1.6 * rate);
      const { lag, correlation } = align(recorded.left.subarray(1.2 * rate, 1.8 * rate), part);
      expect(correlation).toBeGreaterThan(0.9);
      expect(Math.abs(lag / rate - 0.1)).toBeLessThan(0.012);
    }
  });

  it('the two directions may differ', async () => {
    await decoders.ready(16_000);
    const [caller, callee] = [aLaw(), await opus()];
    const recorded = run([...send(caller), ...send(callee, { channel: 1 })], 2000, 16_000);
    // The filter of the narrow one knows nothing of what is said beyond the end.
    const end = 32_000 - 64;
    expect(firstDifference(recorded.left.subarray(0, end), decoded(caller, 16_000).subarray(0, end))).toBe(
      -1,
    );
    expect(firstDifference(recorded.right.subarray(0, end), decoded(callee, 16_000).subarray(0, end))).toBe(
      -1,
    );
  });
});

describe('among Opus packets', () => {
  const event = (speech: Speech, index: number, payloadType: number, ticks: number): Happening => {
    const payload = Buffer.from([5, 0x0a, ticks >> 8, ticks & 0xff]);
    const timestamp = 2 ** 32 - 9000 + speech.clockKhz * speech.ms * 40;
    const packet = rtp({ sequence: 65_500 + index, timestamp, payloadType, payload });
    return { at: 20 * index, channel: 0, packet };
  };

  it.each([
    { clock: 'their own clock', payloadType: payloadTypes.wideEvents, perMs: 48 },
    {
      clock: 'a clock of 8000, the timestamp being the speech’s',
      payloadType: payloadTypes.events,
      perMs: 8,
    },
  ])('events on $clock last as long as they say', async ({ payloadType, perMs }) => {
    await decoders.ready(16_000);
    const speech = await opus();
    const events = Array.from({ length: 10 }, (_, i) =>
      event(speech, 40 + i, payloadType, perMs * 20 * (i + 1)),
    );
    const recorded = run(
      [...send(speech, { to: 40 }), ...events, ...send(speech, { from: 50, to: 100 })],
      2000,
      16_000,
    );
    expect(ledger(recorded, 16_000, 2000)).toMatchObject({ receivedMs: 2000, concealedMs: 0 });
    expect(recorded.left.subarray(16 * 800, 16 * 1000).every((sample) => sample === 0)).toBe(true);
  });

  it('a silence in which none is sent (DTX) is received silence, however long', async () => {
    await decoders.ready(48_000);
    const speech = await opus();
    const after = send(speech, { from: 90, to: 100, sequence: 65_500 - 50 });
    const recorded = run([...send(speech, { to: 40 }), ...after], 2000, 48_000);
    expect(ledger(recorded, 48_000, 2000)).toMatchObject({ receivedMs: 2000, lostMs: 0, concealedMs: 0 });
  });

  it('garbage costs its packet only', async () => {
    await decoders.ready(16_000);
    const speech = await opus();
    const payloads = speech.payloads.map((payload, i) => (i % 20 === 10 ? Uint8Array.of(3, 0, 1) : payload));
    const recorded = run(send({ ...speech, payloads }), 2000, 16_000);
    expect(recorded.pipeline.legs[0].drops.undecodable).toBe(5);
    expect(ledger(recorded, 16_000, 2000)).toMatchObject({ receivedMs: 1900, concealedMs: 100 });
  });

  it('the one before a gap’s end comes from its copy: nearer to the truth than a guess', async () => {
    await decoders.ready(16_000);
    const speech = await opus(20, true);
    const lost = (i: number): boolean => i % 10 === 5;
    const whole = decoded(speech, 16_000);
    const recorded = run(send(speech, { lost }), 1300, 16_000);
    const inGaps = (samples: Int16Array): Int16Array =>
      samples.filter((_, n) => n < 1300 * 16 && lost(Math.floor(n / 320)));
    const truth = inGaps(whole);
    const error = inGaps(recorded.left).map((s, n) => s - truth[n]!);
    // Concealment alone reaches 2 dB of speech over error.
    expect(20 * Math.log10(rms(truth) / rms(error))).toBeGreaterThan(5);
    expect(ledger(recorded, 16_000, 1300).concealedMs).toBe(20 * 6);
  });
});

describe('comfort noise', () => {
  it.each(rates)('sounds at its level until speech comes, at %i Hz', (rate) => {
    const speech = aLaw();
    const noise = rtp({
      sequence: 65_550,
      timestamp: 2 ** 32 - 9000 + 160 * 50,
      payloadType: payloadTypes.noise,
      payload: Uint8Array.of(50),
    });
    const recorded = run(
      [
        ...send(speech, { to: 50 }),
        { at: 1000, channel: 0, packet: noise },
        ...send(speech, { from: 90, to: 110, sequence: 65_511 - 50 }),
      ],
      2100,
      rate,
    );
    expect(ledger(recorded, rate, 2100)).toMatchObject({ receivedMs: 2100, concealedMs: 0, lostMs: 0 });
    const level = 20 * Math.log10(rms(recorded.left.subarray(1.1 * rate, 1.7 * rate)) / 32_767);
    expect(Math.abs(level + 50)).toBeLessThan(1);
  });
});

describe('a packet that comes after its gap was made up', () => {
  it('takes its place where the codec has no memory', () => {
    const speech = aLaw();
    const late = { ...send(speech)[50]!, at: 1000 + 145 };
    const recorded = run([...send(speech, { lost: (i) => i === 50 }), late], 2000, 8000);
    const truth = new Int16Array(160);
    decodeALaw(speech.payloads[50]!, 0, 160, truth, 0);
    expect(recorded.left.subarray(8000, 8160)).toEqual(truth);
    expect(ledger(recorded, 8000, 2000)).toMatchObject({ receivedMs: 2000, concealedMs: 0 });
  });

  it('is counted, and left out, where it has', () => {
    const speech = g722();
    const late = { ...send(speech)[50]!, at: 1000 + 145 };
    const recorded = run([...send(speech, { lost: (i) => i === 50 }), late], 2000, 16_000);
    expect(recorded.pipeline.legs[0].drops.late).toBe(1);
    expect(ledger(recorded, 16_000, 2000)).toMatchObject({ receivedMs: 1980, concealedMs: 20 });
  });
});
