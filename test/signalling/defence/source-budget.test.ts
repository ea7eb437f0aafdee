import { describe, expect, it } from 'vitest';
import type { MonotonicMs } from '../../../src/kernel/clock.ts';
import { SourceBudget } from '../../../src/signalling/defence/source-budget.ts';

const at = (ms: number): MonotonicMs => ms as MonotonicMs;

describe('what a source may ask for', () => {
  it("is a second's worth at once, then what comes back", () => {
    const budget = new SourceBudget(3);
    const grants = [0, 0, 0, 0, 333, 334, 1000].map((ms) => budget.take('a', at(ms)));
    expect(grants).toEqual([true, true, true, false, false, true, true]);
  });

  it('is its own', () => {
    const budget = new SourceBudget(1);
    expect([budget.take('a', at(0)), budget.take('b', at(0)), budget.take('a', at(0))]).toEqual([
      true,
      true,
      false,
    ]);
  });

  it('is shared by those who find no room among ten thousand others', () => {
    const budget = new SourceBudget(2);
    for (let i = 0; i < 10_000; i++) budget.take(`source ${i}`, at(0));
    expect(budget.size).toBeLessThanOrEqual(4_097);
    expect(budget.take('one more', at(0))).toBe(false);
    expect(budget.take('source 5', at(0))).toBe(true);
  });

  it('is forgotten where nobody asked for a second', () => {
    const budget = new SourceBudget(2);
    for (let i = 0; i < 5_000; i++) budget.take(`source ${i}`, at(0));
    expect(budget.take('one more', at(1))).toBe(false);
    expect(budget.take('one more', at(1_000))).toBe(true);
    expect(budget.size).toBe(2);
  });
});
