import { describe, expect, it } from 'vitest';
import { slip, StreamClock } from '../../src/recording/stream-clock.ts';

/** Feeds a packet each 20 ms for a while; returns how often a sample was slipped and the last error. */
function run(seconds: number, sendersClock: number, jitter: (i: number) => number) {
  const clock = new StreamClock(8000);
  clock.anchor(0, 0);
  let slips = 0;
  let worst = 0;
  for (let i = 0; i < seconds * 50; i++) {
    const arrival = i * 160 * sendersClock + jitter(i) * 8;
    const by = clock.observe(i * 160, arrival);
    slips += Math.abs(by);
    clock.offset += by;
    worst = Math.max(worst, Math.abs(i * 160 * sendersClock - (i * 160 + clock.offset)));
  }
  return { slips, worstMs: worst / 8 };
}

describe('a stream on the clock of the recording', () => {
  it.each([
    { situation: 'no jitter', jitter: () => 0 },
    { situation: 'jitter up to 60 ms', jitter: (i: number) => (i * 7919) % 61 },
    {
      situation: 'a stall of 300 ms each 4 s',
      jitter: (i: number) => (i % 200 < 15 ? 300 - 20 * (i % 200) : 0),
    },
  ])('slips no sample without drift: $situation', ({ jitter }) => {
    expect(run(1200, 1, jitter).slips).toBe(0);
  });

  it.each([50, -50, 300, -300])('follows a drift of %i ppm within 25 ms', (ppm) => {
    const { slips, worstMs } = run(1200, 1 + ppm / 1e6, (i) => (i * 7919) % 20);
    expect(worstMs).toBeLessThan(25);
    expect(slips).toBeGreaterThan(0);
    expect(slips).toBeLessThanOrEqual(1200 * 8000 * (Math.abs(ppm) / 1e6) + 160);
  });

  it('comes back from an anchor that was 100 ms late', () => {
    const clock = new StreamClock(8000);
    clock.anchor(800, 0);
    for (let i = 0; i < 3000; i++) clock.offset += clock.observe(i * 160, i * 160);
    expect(Math.abs(clock.offset)).toBeLessThanOrEqual(16);
  });
});

describe('a slipped sample', () => {
  const samples = [5, 90, 40, 41, 7, 0, 0];

  it('is doubled where the signal is stillest', () => {
    const buffer = Int16Array.from(samples);
    expect(slip(buffer, 5, 1)).toBe(6);
    expect(Array.from(buffer.subarray(0, 6))).toEqual([5, 90, 40, 41, 41, 7]);
  });

  it('is left out where the signal is stillest', () => {
    const buffer = Int16Array.from(samples);
    expect(slip(buffer, 5, -1)).toBe(4);
    expect(Array.from(buffer.subarray(0, 4))).toEqual([5, 90, 40, 7]);
  });
});
