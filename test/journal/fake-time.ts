import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock, MonotonicMs, WallMs } from '../../src/kernel/clock.ts';
import type { Schedule } from '../../src/kernel/timers.ts';

interface Timer {
  readonly due: number;
  readonly run: () => void;
}

/** A clock and a schedule that move by hand. */
export class FakeTime {
  #now = 1000;
  readonly #timers = new Set<Timer>();

  readonly clock: Clock = {
    monotonic: () => this.#now as MonotonicMs,
    wall: () => (1_764_000_000_000 + this.#now) as WallMs,
  };

  readonly schedule: Schedule = (delayMs, run) => {
    const timer = { due: this.#now + delayMs, run };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  };

  /** Moves on, running what falls due in order and letting its promises finish. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      await settled();
      const next = [...this.#timers].sort((a, b) => a.due - b.due)[0];
      if (next === undefined || next.due > end) break;
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, next.due);
      next.run();
    }
    this.#now = end;
    await settled();
  }
}

/** Lets chains of promises without timers come to rest. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await nextTurn();
}
