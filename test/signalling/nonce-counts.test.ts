import { describe, expect, it } from 'vitest';
import { NonceCounts } from '../../src/signalling/nonce-counts.ts';

describe('counts of a nonce', () => {
  it.each([
    ['each once, in order', [1, 2, 3], [true, true, true]],
    ['twice: a replay (RFC 7616 §3.4)', [1, 1, 2, 2, 1], [true, false, true, false, false]],
    ['out of order, since UDP reorders', [1, 3, 2, 3, 2], [true, true, true, false, false]],
    ['with gaps', [5, 40, 41, 39], [true, true, true, true]],
    ['too far behind to know', [1, 40, 8, 9], [true, true, false, true]],
    ['from the first to the last', [1, 0xffffffff, 0xffffffff, 0xfffffffe], [true, true, false, true]],
    ['32 steps at once', [1, 33, 1, 2], [true, true, false, true]],
    ['31 steps at once', [1, 32, 1, 2], [true, true, false, true]],
    ['zero, which nobody counts from', [0, 1], [false, true]],
  ])('%s', (_what, given, expected) => {
    const counts = new NonceCounts(1000);
    expect(given.map((count) => counts.take('n', 0, count, 0))).toEqual(expected);
  });

  it('run out with their nonce, and are forgotten', () => {
    const counts = new NonceCounts(1000);
    expect([counts.take('a', 0, 1, 1000), counts.take('a', 0, 2, 1001)]).toEqual([true, false]);
    counts.take('b', 1500, 1, 1500);
    expect(counts.size).toBe(1);
  });

  it('are bounded, and a nonce whose counts were dropped is no good any more', () => {
    const counts = new NonceCounts(1_000_000);
    for (let n = 0; n < 20_000; n++) counts.take(`n${n}`, n, 1, n);
    expect(counts.size).toBe(10_000);
    expect([counts.take('n0', 0, 2, 20_000), counts.take('n9999', 9_999, 1, 20_000)]).toEqual([false, false]);
    expect(counts.take('n10000', 10_000, 1, 20_000)).toBe(false);
    expect(counts.take('n10000', 10_000, 2, 20_000)).toBe(true);
    expect(counts.take('new', 20_000, 1, 20_000)).toBe(true);
  });
});
