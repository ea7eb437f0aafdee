import { describe, expect, it } from 'vitest';
import { sumOf } from '../../src/recording/slot.ts';
import { encodeALaw } from '../../src/audio/g711.ts';
import { rtp } from './rtp.ts';
import { type Happening, type Recorded, runPipeline } from './run-pipeline.ts';

/** Every sample is another one, so that where a piece stands is certain. */
const sound = Int16Array.from({ length: 80_000 }, (_, i) => ((i * 7919) % 16_000) - 8000);
const packets: Happening[] = Array.from({ length: sound.length / 160 }, (_, i) => {
  const payload = new Uint8Array(160);
  encodeALaw(sound, i * 160, 160, payload, 0);
  const packet = rtp({ sequence: i, timestamp: i * 160, ssrc: 1, payload, payloadType: 8 });
  return { at: 20 * i, channel: 0, packet };
});
const run = (seconds: number | null, happenings: readonly Happening[], askedAt?: number): Recorded =>
  runPipeline(
    [...happenings, ...(askedAt === undefined ? [] : [{ at: askedAt, keep: true as const }])],
    10_000,
    {
      keep: (pipeline, position) => {
        pipeline.keepFrom(position, (origin) => `origin ${origin}`);
      },
      prepare: (pipeline) => {
        if (seconds !== null) pipeline.standBy(seconds);
      },
    },
  );
const whole = run(null, packets).left;

describe('a recording that stands by until somebody asks for it', () => {
  it.each([
    {
      name: 'the seconds before, less half a second at most, since whole portions go',
      seconds: 3,
      asked: 7000,
    },
    { name: 'all there is, where it has stood by for less', seconds: 5, asked: 2000 },
    { name: 'all from the beginning, where it is asked for at once', seconds: 5, asked: 0 },
  ])('keeps $name', ({ seconds, asked }) => {
    const { left, right, checkpoints } = run(seconds, packets, asked);
    const before = left.length - (10_000 - asked) * 8;
    expect(before).toBeLessThanOrEqual(Math.min(seconds * 8000, asked * 8));
    expect(before).toBeGreaterThan(Math.min(seconds * 8000, asked * 8) - 4000);
    expect(left).toEqual(whole.subarray(whole.length - left.length));
    expect(right.length).toBe(left.length);
    const origin = whole.length - left.length;
    expect(new Set(checkpoints.map(({ startedAt }) => startedAt))).toEqual(new Set([`origin ${origin}`]));
  });

  it('counts what it keeps, and nothing before', () => {
    // Half of what is gone was lost, and a tenth of what is kept.
    const holes = packets.filter((_, i) => (i < 150 ? i % 2 === 0 : i % 10 !== 0));
    const { left, slots, checkpoints } = run(2, holes, 6000);
    for (const checkpoint of [...checkpoints, { slots }])
      for (const counts of checkpoint.slots) expect(counts.every((count) => count >= 0)).toBe(true);
    expect(sumOf(slots[0])).toBe(left.length);
    expect(sumOf(slots[1])).toBe(left.length);
    const [received = 0] = slots[0];
    expect(received / left.length).toBeGreaterThan(0.85);
  });

  it('says where in the file later marks are, and none of before', () => {
    const marks: Happening[] = [
      { at: 1000, pause: true },
      { at: 1500, pause: false },
      { at: 8000, pause: true },
      { at: 8500, pause: false },
    ];
    const { left, checkpoints } = run(2, [...packets, ...marks], 6000);
    const origin = whole.length - left.length;
    expect(checkpoints.at(-1)!.marks).toEqual([
      { mark: 'pause', samplePosition: 64_000 - origin },
      { mark: 'resume', samplePosition: 68_000 - origin },
    ]);
  });

  it('writes nothing at all before somebody asks', () => {
    expect(run(2, packets).checkpoints.filter(({ progress }) => progress.samples > 0)).toEqual([]);
  });
});
