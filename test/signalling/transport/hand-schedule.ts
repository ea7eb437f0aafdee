import type { Clock, MonotonicMs, WallMs } from '../../../src/kernel/clock.ts';
import type { Schedule } from '../../../src/kernel/timers.ts';

interface Entry {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

/** A clock and a schedule that stand still until a test moves them. */
export class HandSchedule {
  now = 0;
  #order = 0;
  readonly #entries = new Set<Entry>();

  readonly clock: Clock = {
    monotonic: () => this.now as MonotonicMs,
    wall: () => this.now as WallMs,
  };

  readonly schedule: Schedule = (delayMs, run) => {
    const entry = { at: this.now + delayMs, order: this.#order++, run };
    this.#entries.add(entry);
    return () => {
      this.#entries.delete(entry);
    };
  };

  get pending(): number {
    return this.#entries.size;
  }

  /** Moves time on, running what falls due in its order. */
  advance(ms: number): void {
    const until = this.now + ms;
    for (;;) {
      const due = [...this.#entries].filter((entry) => entry.at <= until);
      const next = due.sort((a, b) => a.at - b.at || a.order - b.order)[0];
      if (next === undefined) break;
      this.#entries.delete(next);
      this.now = next.at;
      next.run();
    }
    this.now = until;
  }
}
