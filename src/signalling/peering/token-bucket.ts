import type { MonotonicMs } from '../../kernel/clock.ts';

/** What is left of a budget that fills at a steady rate, and when that was so. */
export interface TokenBucket {
  readonly tokens: number;
  readonly at: MonotonicMs;
}

/** A second's worth may come at once, and always one. */
function capacityOf(perSecond: number): number {
  return Math.max(1, perSecond);
}

export function fullBucket(perSecond: number, now: MonotonicMs): TokenBucket {
  return { tokens: capacityOf(perSecond), at: now };
}

/** The bucket as it is now. */
export function refilled(bucket: TokenBucket, perSecond: number, now: MonotonicMs): TokenBucket {
  const came = (Math.max(0, now - bucket.at) / 1000) * perSecond;
  return { tokens: Math.min(capacityOf(perSecond), bucket.tokens + came), at: now };
}

export function hasToken(bucket: TokenBucket): boolean {
  return bucket.tokens >= 1;
}

/** One token less; never below none, since who is exempt takes none. */
export function withoutToken(bucket: TokenBucket): TokenBucket {
  return { ...bucket, tokens: Math.max(0, bucket.tokens - 1) };
}
