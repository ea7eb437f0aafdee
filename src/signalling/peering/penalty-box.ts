import type { MonotonicMs } from '../../kernel/clock.ts';

/** Hops that have just failed, until when. Whoever adds to it knows a bounded number of hops. */
export class PenaltyBox {
  readonly #until = new Map<string, number>();

  /** False: it was there already, or stays out since the penalty is none. */
  put(hop: string, now: MonotonicMs, penaltyMs: number): boolean {
    const wasHeld = this.holds(hop, now);
    const until = now + penaltyMs;
    if (penaltyMs > 0) this.#until.set(hop, Math.max(until, this.#until.get(hop) ?? 0));
    return !wasHeld && penaltyMs > 0;
  }

  /** False: it was not there. */
  release(hop: string): boolean {
    return this.#until.delete(hop);
  }

  holds(hop: string, now: MonotonicMs): boolean {
    const until = this.#until.get(hop);
    if (until === undefined) return false;
    if (until > now) return true;
    this.#until.delete(hop);
    return false;
  }
}
