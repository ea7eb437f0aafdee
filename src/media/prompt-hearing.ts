import type { MonotonicMs } from '../kernel/clock.ts';
import type { PlayReported } from './protocol.ts';

/**
 * What a party's receiver reports say of one prompt. Most devices report each five seconds or so, so that the
 * report that covers the last packet comes when the prompt has long been played.
 */
export class PromptHearing {
  reported: PlayReported | null = null;
  /** The prompt is over; what is reported from now on is said to `#later`. */
  isOver = false;
  readonly #later: (reported: PlayReported) => void;
  /** Unwrapped numbers of the prompt's packets; -1: none was sent. */
  #first = -1;
  #last = -1;
  /** What the party had missed before. */
  #lostBefore = 0;

  constructor(later: (reported: PlayReported) => void) {
    this.#later = later;
  }

  /** A packet of the prompt went out under this number. */
  sent(extended: number): void {
    // A tone that follows is no part of it.
    if (this.isOver) return;
    if (this.#first < 0) this.#first = extended;
    this.#last = extended;
  }

  /** It is played once more, from its beginning. */
  restart(): void {
    this.#first = this.#last = -1;
    this.reported = null;
  }

  /** A report up to an unwrapped number. `roundTripMs`: -1 where it did not tell. */
  take(extended: number, cumulativeLost: number, roundTripMs: number, at: MonotonicMs): void {
    if (this.#first < 0 || extended < this.#first) {
      this.#lostBefore = cumulativeLost;
      return;
    }
    const packets = Math.min(extended, this.#last) - this.#first + 1;
    if (this.reported !== null && packets <= this.reported.packets) return;
    const lost = Math.max(0, cumulativeLost - this.#lostBefore);
    this.reported = { packets, lost, roundTripMs: roundTripMs < 0 ? null : roundTripMs, at };
    if (this.isOver) this.#later(this.reported);
  }
}
