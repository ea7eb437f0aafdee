import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import {
  type Clock,
  type MonotonicMs,
  rfc3339,
  systemClock,
  type WallMs,
  wallOf,
} from '../../src/kernel/clock.ts';

describe('the clock of a thread', () => {
  it('is on the host’s monotonic line, the same in every thread', async () => {
    const clock = systemClock();
    const host = Number(process.hrtime.bigint()) / 1e6;
    expect(Math.abs(clock.monotonic() - host)).toBeLessThan(5);
    // Another thread's performance.now() starts at its own zero; the host's line does not.
    const code = `require('worker_threads').parentPort.postMessage(Number(process.hrtime.bigint()) / 1e6)`;
    const worker = new Worker(code, { eval: true });
    const before = clock.monotonic();
    const theirs = await new Promise<number>((resolve) => worker.once('message', resolve));
    expect(theirs).toBeGreaterThanOrEqual(before - 1);
    expect(theirs).toBeLessThanOrEqual(clock.monotonic() + 1);
    await worker.terminate();
  });

  it('never goes back', () => {
    const clock = systemClock();
    let last = clock.monotonic();
    for (let i = 0; i < 10_000; i++) {
      const now = clock.monotonic();
      expect(now).toBeGreaterThanOrEqual(last);
      last = now;
    }
  });

  it('a past instant has the wall time it had', () => {
    const clock: Clock = {
      monotonic: () => 5000 as MonotonicMs,
      wall: () => Date.UTC(2026, 10, 23, 12, 0, 10) as WallMs,
    };
    expect(rfc3339(wallOf(clock, 2500 as MonotonicMs))).toBe('2026-11-23T12:00:07.500Z');
  });
});
