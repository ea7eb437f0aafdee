import { describe, expect, it } from 'vitest';
import { type Draw, drawOrder } from '../../../src/signalling/locate/draw-order.ts';

/** Mulberry32: the same numbers each time. */
function seeded(seed: number): Draw {
  let state = seed;
  return (most) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * (most + 1));
  };
}

const runs = 20_000;

/** How often each weight came at a place, in parts of a hundred. */
function shares(weights: readonly number[], place: number): number[] {
  const draw = seeded(7);
  const group = weights.map((weight, i) => ({ weight, i }));
  const counts = weights.map(() => 0);
  for (let run = 0; run < runs; run++) {
    const order = drawOrder(group, draw);
    if (order.length !== group.length) throw new Error('somebody is missing');
    const { i } = order[place]!;
    counts[i] = (counts[i] ?? 0) + 1;
  }
  return counts.map((count) => Math.round((count / runs) * 100));
}

describe('RFC 2782, weights', () => {
  it.each([
    {
      name: '"larger weights SHOULD be given a proportionately higher probability"',
      weights: [60, 20, 20],
      first: [60, 20, 20],
    },
    { name: 'of 1 and 3', weights: [1, 3], first: [25, 75] },
    // The number drawn is from 0 to the sum inclusive, so each of 11 numbers counts.
    { name: '"a very small chance of being selected" for weight 0', weights: [0, 10], first: [9, 91] },
    { name: 'all of weight 0 share alike', weights: [0, 0, 0, 0], first: [25, 25, 25, 25] },
    { name: 'one alone', weights: [5], first: [100] },
  ])('$name', ({ weights, first }) => {
    const seen = shares(weights, 0);
    seen.forEach((share, i) => {
      expect(Math.abs(share - first[i]!)).toBeLessThanOrEqual(1);
    });
  });

  it('the rest is drawn in the same way: what is heavy and was not first is second', () => {
    // Second is 90 when one of the two of weight 5 was first, and else one of them.
    const [heavy] = shares([90, 5, 5], 1);
    expect(heavy).toBeGreaterThan(5);
    expect(heavy).toBeLessThan(15);
  });
});
