import type { MonotonicMs } from '../kernel/clock.ts';

/** Sender reports that a report block may still refer to; a party answers within a few of its intervals. */
const kept = 8;

/** What a report's LSR refers to. */
export const lastSrIs = { unknown: 0, ours: 1, relayed: 2 } as const;
export type LastSrIs = (typeof lastSrIs)[keyof typeof lastSrIs];

/** A round trip beyond this is another SR of the same timestamp, ms. */
const longestRoundTripMs = 60_000;

/** The sender reports that a party had from us, by the middle of their NTP timestamps. */
export class SentReports {
  readonly #middles = new Uint32Array(kept);
  readonly #times = new Float64Array(kept);
  readonly #kinds = new Uint8Array(kept);
  #next = 0;

  note(middle: number, at: MonotonicMs, kind: LastSrIs): void {
    this.#middles[this.#next] = middle;
    this.#times[this.#next] = at;
    this.#kinds[this.#next] = kind;
    this.#next = (this.#next + 1) % kept;
  }

  kindOf(middle: number): LastSrIs {
    const found = this.#find(middle);
    return found < 0 ? lastSrIs.unknown : (this.#kinds[found] as LastSrIs);
  }

  /**
   * From the sending of an SR to a report about it that came at `now`, without the time that it lay with the party
   * (65536ths of a second): RFC 3550 §6.4.1. -1 where it refers to none that is known.
   */
  roundTripMs(middle: number, delay: number, now: MonotonicMs): number {
    const found = this.#find(middle);
    if (found < 0) return -1;
    const trip = now - (this.#times[found] as number) - (1000 * delay) / 65_536;
    // A party's clock runs at its own pace, and its delay is rounded.
    return trip > longestRoundTripMs ? -1 : Math.max(0, trip);
  }

  #find(middle: number): number {
    if (middle === 0) return -1;
    for (let i = 0; i < kept; i++) {
      if (this.#middles[i] === middle && this.#kinds[i] !== lastSrIs.unknown) return i;
    }
    return -1;
  }
}
