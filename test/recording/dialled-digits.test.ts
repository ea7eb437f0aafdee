import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { encodeALaw } from '../../src/audio/g711.ts';
import { digits, mixedIn, pair } from '../audio/dtmf-tones.ts';
import { readWav } from '../support/wav-file.ts';
import { rtp } from './rtp.ts';
import { type Happening, type Recorded, runPipeline } from './run-pipeline.ts';

const voice = readWav(readFileSync('fixtures/voices/caller.wav')).channels[0]!.slice(0, 40_000);
const packetSamples = 160;

/** A voice, and between its words three digits of 60 ms, 100 ms apart. */
const toneAt = [16_000, 17_280, 18_560];
const hushed = voice.map((sample, i) => (i > 15_600 && i < 19_600 ? 0 : sample));
const spoken = toneAt.reduce<Int16Array>(
  (sound, at, i) => mixedIn(sound, pair({ ...digits[i * 5]!, ms: 60 }), at),
  hushed,
);

/** Packets of A-law; `arrival` may delay each as it likes, or lose it (null). */
function packets(sound: Int16Array, arrival: (index: number) => number | null): Happening[] {
  return Array.from({ length: sound.length / packetSamples }, (_, i) => i).flatMap((i): Happening[] => {
    const at = arrival(i);
    if (at === null) return [];
    const payload = new Uint8Array(packetSamples);
    encodeALaw(sound, i * packetSamples, packetSamples, payload, 0);
    const packet = rtp({ sequence: i, timestamp: i * packetSamples, ssrc: 1, payload, payloadType: 8 });
    return [{ at: at + 20 * i, channel: 0, packet }];
  });
}

const erased = (happenings: Happening[]): Recorded =>
  runPipeline(happenings, 5000, {
    prepare: (pipeline) => {
      pipeline.eraseDigits();
    },
  });
const loudest = (samples: Int16Array): number => Math.max(...samples.map(Math.abs));

describe('digits that a party dials in its audio', () => {
  it.each([
    { name: 'in order', arrival: () => 0 },
    { name: 'with 60 ms of jitter', arrival: (i: number) => (i * 7919) % 60 },
    { name: 'with every fifth packet 50 ms late', arrival: (i: number) => (i % 5 === 4 ? 50 : 0) },
  ])('are silence, and all else is in its place: packets $name', ({ arrival }) => {
    const happenings = packets(spoken, arrival);
    const kept = runPipeline(happenings, 5000);
    const { left, slots } = erased(happenings);
    const shift = kept.left.findIndex((sample) => sample !== 0) - left.findIndex((sample) => sample !== 0);
    expect(shift).toBe(0);
    for (const at of toneAt) expect(loudest(left.subarray(at - 100, at + 480 + 100))).toBeLessThanOrEqual(8);
    expect(loudest(kept.left.subarray(15_900, 19_200))).toBeGreaterThan(10_000);
    expect(left.subarray(0, 15_600)).toEqual(kept.left.subarray(0, 15_600));
    expect(left.subarray(19_700)).toEqual(kept.left.subarray(19_700));
    expect(slots).toEqual(kept.slots);
  });

  it('are silence on the other channel too', () => {
    const other = packets(spoken, () => 0).map((happening) => ({ ...happening, channel: 1 as const }));
    const { right } = erased(other);
    for (const at of toneAt) expect(loudest(right.subarray(at, at + 480))).toBeLessThanOrEqual(8);
  });

  it('are kept where no rule says otherwise', () => {
    const { left } = runPipeline(
      packets(spoken, () => 0),
      5000,
    );
    for (const at of toneAt) expect(loudest(left.subarray(at, at + 480))).toBeGreaterThan(10_000);
  });
});
