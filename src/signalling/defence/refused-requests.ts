import type { MonotonicMs } from '../../kernel/clock.ts';

/** RFC 3261 §17.1.1.2, timer B: for so long a client repeats its request; what the network doubled comes sooner. */
const lifeMs = 32_000;
/** Beyond these the oldest are forgotten first. */
const maxRemembered = 20_000;

/**
 * Which requests were refused without a transaction. Their repetitions must meet the same answer (RFC 3261
 * §8.2.7): one that came in after all, since there is room again, would be a call that nobody waits for any more.
 */
export class RefusedRequests {
  /** Two generations, so that forgetting is dropping the older one. */
  #younger = new Set<string>();
  #older = new Set<string>();
  #turnsAt = 0;

  remember(key: string, now: MonotonicMs): void {
    this.#turn(now);
    this.#younger.add(key);
    if (this.#younger.size >= maxRemembered) this.#age(now);
  }

  has(key: string, now: MonotonicMs): boolean {
    this.#turn(now);
    return this.#younger.has(key) || this.#older.has(key);
  }

  /** None are remembered, so that no key needs to be made. */
  get empty(): boolean {
    return this.#younger.size === 0 && this.#older.size === 0;
  }

  #turn(now: MonotonicMs): void {
    if (now < this.#turnsAt) return;
    // Nothing came for as long as both live.
    if (now >= this.#turnsAt + lifeMs) this.#younger.clear();
    this.#age(now);
  }

  #age(now: MonotonicMs): void {
    this.#older = this.#younger;
    this.#younger = new Set();
    this.#turnsAt = now + lifeMs;
  }
}
