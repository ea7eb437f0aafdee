import type { MonotonicMs } from '../../kernel/clock.ts';
import { fullBucket, hasToken, refilled, type TokenBucket, withoutToken } from '../peering/token-bucket.ts';

/** A peer's prefix may hold millions of addresses, and over UDP each may be forged. */
const maxSources = 4_096;
const idleMs = 1_000;
/** What all sources share that come when no room is left for them. */
const overflow = '';

/** How much each source may ask for in a second. Bounded: the sources that find no room share one budget. */
export class SourceBudget {
  readonly #perSecond: number;
  readonly #buckets = new Map<string, TokenBucket>();
  #sweptAt = Number.NEGATIVE_INFINITY;

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
  }

  get size(): number {
    return this.#buckets.size;
  }

  /** Takes one from the source's budget. False: it has nothing left now. */
  take(source: string, now: MonotonicMs): boolean {
    const key = this.#keyOf(source, now);
    const known = this.#buckets.get(key);
    const bucket =
      known === undefined ? fullBucket(this.#perSecond, now) : refilled(known, this.#perSecond, now);
    const granted = hasToken(bucket);
    this.#buckets.set(key, granted ? withoutToken(bucket) : bucket);
    return granted;
  }

  #keyOf(source: string, now: MonotonicMs): string {
    if (this.#buckets.has(source)) return source;
    if (this.#buckets.size >= maxSources) this.#forgetIdle(now);
    return this.#buckets.size < maxSources ? source : overflow;
  }

  /** A budget that has not been touched for a second is full, as one that is new. Once a second: it costs. */
  #forgetIdle(now: MonotonicMs): void {
    if (now - this.#sweptAt < idleMs) return;
    this.#sweptAt = now;
    for (const [source, { at }] of this.#buckets) if (now - at >= idleMs) this.#buckets.delete(source);
  }
}
