import type { Journal } from '../../journal/journal.ts';
import type { Logger } from '../../kernel/logger.ts';
import type { Meter } from '../../kernel/meter.ts';
import type { Schedule } from '../../kernel/timers.ts';
import type { PackedLadder } from '../../records/ladder-record.ts';

/** While a database is away, room in the journal is for what must not be lost. */
const journalShareBytes = 256 * 1024 * 1024;
/** Nobody waits for a ladder, and each commit of the journal costs as much as many. */
const togetherMs = 1_000;
const together = 100;

export interface LadderKeeperDeps {
  readonly journal: Pick<Journal, 'append' | 'stats'>;
  readonly schedule: Schedule;
  readonly meter: Meter;
  readonly logger: Logger;
}

/** Writes ladders down on their way to the database, some at a time, as long as they are in nobody's way. */
export class LadderKeeper {
  readonly #deps: LadderKeeperDeps;
  #waiting: PackedLadder[] = [];
  #cancel: (() => void) | null = null;

  constructor(deps: LadderKeeperDeps) {
    this.#deps = deps;
  }

  keep(ladder: PackedLadder): void {
    this.#waiting.push(ladder);
    if (this.#waiting.length >= together) this.flush();
    else
      this.#cancel ??= this.#deps.schedule(togetherMs, () => {
        this.flush();
      });
  }

  flush(): void {
    const { journal, logger } = this.#deps;
    const ladders = this.#waiting;
    this.#waiting = [];
    this.#cancel?.();
    this.#cancel = null;
    if (ladders.length === 0) return;
    if (journal.stats().bytes > journalShareBytes) {
      this.#count('dropped', ladders.length);
      return;
    }
    void journal.append(ladders.map((ladder) => ({ kind: 'ladder', ladder }))).then((written) => {
      this.#count(written.ok ? 'kept' : 'refused', ladders.length);
      if (!written.ok) logger.debug('ladders-refused', { ladders: ladders.length, code: written.error.code });
    });
  }

  #count(outcome: string, ladders: number): void {
    this.#deps.meter
      .counter('onrecord_sip_ladders_total', 'SIP ladders of calls that are over', { outcome })
      .add(ladders);
  }
}
