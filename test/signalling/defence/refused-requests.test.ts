import { describe, expect, it } from 'vitest';
import type { MonotonicMs } from '../../../src/kernel/clock.ts';
import { RefusedRequests } from '../../../src/signalling/defence/refused-requests.ts';

const at = (ms: number): MonotonicMs => ms as MonotonicMs;

describe('refused requests', () => {
  it('are remembered for timer B and at most twice that', () => {
    const refused = new RefusedRequests();
    refused.remember('a', at(1_000));
    expect([refused.has('a', at(33_000)), refused.has('b', at(33_000))]).toEqual([true, false]);
    expect(refused.has('a', at(65_000))).toBe(false);
    expect(refused.empty).toBe(true);
  });

  it('never are more than a flood may cost', () => {
    const refused = new RefusedRequests();
    for (let n = 0; n < 100_000; n++) refused.remember(`key ${n}`, at(1_000));
    const held = Array.from({ length: 100_000 }, (_, n) => refused.has(`key ${n}`, at(1_000)));
    expect(held.filter(Boolean).length).toBeLessThanOrEqual(40_000);
    expect(held.at(-1)).toBe(true);
  });
});
