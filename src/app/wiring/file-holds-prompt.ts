import type { Schedule } from '../../kernel/timers.ts';
import type { RuleOptions } from '../../policy/options.ts';

/** Whoever answers hears nothing for so long at most; then the parties are told, and the file begins after it. */
const recorderWithinMs = 500;

/** Whether something is played from the answer on, or from when a recording is asked for, that the file is to hold. */
export function fileHoldsPrompt({ mode, record, announce }: RuleOptions): boolean {
  if (record === 'after-prompt' || announce === undefined || announce === 'elsewhere') return false;
  return mode === 'on-demand' || announce.when === 'on-answer' || announce.to === 'all';
}

/** The telling of a call, which waits for the recorder that is to hold it. */
export class HeldTelling {
  readonly #schedule: Schedule;
  #tell: (() => void) | null = null;

  constructor(schedule: Schedule) {
    this.#schedule = schedule;
  }

  /** `tell` is called once, when the recorder is ready, or the wait is over. */
  wait(tell: () => void): void {
    this.#tell = tell;
    this.#schedule(recorderWithinMs, () => {
      if (this.#tell === tell) this.begin();
    });
  }

  /** There is a recorder, or there will be none. */
  begin(): void {
    const tell = this.#tell;
    this.#tell = null;
    tell?.();
  }
}
