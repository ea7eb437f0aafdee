import { afterEach, describe, expect, it } from 'vitest';
import { createMeter } from '../../src/kernel/meter.ts';
import { startLoadProbe } from '../../src/app/load-probe.ts';
import type { Pressure } from '../../src/signalling/defence/overload-machine.ts';

let stop: () => void = () => undefined;

afterEach(() => {
  stop();
});

/** The first thing that is felt. */
function felt(transactions: number, media: () => Promise<unknown>): Promise<Pressure> {
  return new Promise((resolve) => {
    stop = startLoadProbe({ transactions: () => transactions, media, feel: resolve, meter: createMeter() });
  });
}

describe('the load probe', () => {
  it('says what the node is shortest of, and comes half the way in one step', async () => {
    const { resource, value } = await felt(9, () => Promise.resolve());
    expect(resource).toBe('transactions');
    expect(value).toBeCloseTo(5);
  });

  it('feels media workers that do not answer', async () => {
    const { resource, value } = await felt(0, () => new Promise((resolve) => setTimeout(resolve, 1_000)));
    expect(resource).toBe('media');
    expect(value).toBeGreaterThan(1);
  });

  it('feels a loop that is never idle', async () => {
    const work = setInterval(() => {
      const until = performance.now() + 200;
      while (performance.now() < until);
    });
    const { value } = await felt(0, () => Promise.resolve());
    clearInterval(work);
    expect(value).toBeGreaterThan(0.4);
  });
});
