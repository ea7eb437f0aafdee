import type { Clock, MonotonicMs } from '../kernel/clock.ts';
import type { Schedule } from '../kernel/timers.ts';

/** Packet times of telephony are multiples of this; other ones are sent at the tick that follows. */
const tickMs = 10;

/** Something that has packets to send as time goes by. */
export interface Paced {
  readonly over: boolean;
  /** Does not throw. `slot` is the point of the grid that `now` is at, or has passed: what starts, starts there. */
  step(now: MonotonicMs, slot: MonotonicMs): void;
}

/**
 * The worker's one tick. It runs only while something plays, on a fixed grid: a tick that comes late does
 * not move the ones behind it.
 */
export class PromptPacer {
  readonly #clock: Clock;
  readonly #schedule: Schedule;
  #playing: Paced[] = [];
  #base = 0;
  #cancel: (() => void) | null = null;

  constructor(clock: Clock, schedule: Schedule) {
    this.#clock = clock;
    this.#schedule = schedule;
  }

  add(paced: Paced): void {
    this.#playing.push(paced);
    if (this.#cancel !== null) return;
    const now = this.#clock.monotonic();
    this.#base = now;
    this.#tick(now);
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = null;
    this.#playing = [];
  }

  #tick(now: MonotonicMs): void {
    this.#cancel = null;
    const slot = (this.#base + Math.floor((now - this.#base) / tickMs) * tickMs) as MonotonicMs;
    const stepped = this.#playing;
    this.#playing = [];
    for (const paced of stepped) {
      paced.step(now, slot);
      if (!paced.over) this.#playing.push(paced);
    }
    if (this.#playing.length === 0) return;
    const delay = Math.max(1, Math.ceil(slot + tickMs - this.#clock.monotonic()));
    this.#cancel = this.#schedule(delay, () => {
      this.#tick(this.#clock.monotonic());
    });
  }
}
