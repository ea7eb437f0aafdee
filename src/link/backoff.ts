import type { RandomBytes } from '../kernel/ids.ts';

/**
 * Milliseconds before the next attempt: doubling from `firstMs` to `longestMs`, of which the upper half is
 * random, so that many that fell together do not come back together.
 */
export function backoff(attempt: number, firstMs: number, longestMs: number, random: RandomBytes): number {
  const step = Math.min(longestMs, firstMs * 2 ** Math.min(attempt, 30));
  const [byte = 0] = random(1);
  return step / 2 + (step / 2) * (byte / 255);
}
