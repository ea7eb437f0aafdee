import type { Journal } from '../../journal/journal.ts';
import type { Logger } from '../../kernel/logger.ts';
import type { Meter } from '../../kernel/meter.ts';
import type { PackedLadder } from '../../records/ladder-record.ts';

/** While a database is away, room in the journal is for what must not be lost. */
const journalShareBytes = 256 * 1024 * 1024;

export interface LadderKeeperDeps {
  readonly journal: Pick<Journal, 'append' | 'stats'>;
  readonly meter: Meter;
  readonly logger: Logger;
}

/** Writes ladders down on their way to the database, as long as they are in nobody's way. */
export function ladderKeeper({ journal, meter, logger }: LadderKeeperDeps): (ladder: PackedLadder) => void {
  const count = (outcome: string): void => {
    meter.counter('onrecord_sip_ladders_total', 'SIP ladders of calls that are over', { outcome }).add();
  };
  return (ladder) => {
    if (journal.stats().bytes > journalShareBytes) {
      count('dropped');
      return;
    }
    void journal.append([{ kind: 'ladder', ladder }]).then((written) => {
      count(written.ok ? 'kept' : 'refused');
      if (!written.ok) logger.debug('ladder-refused', { callId: ladder.callId, code: written.error.code });
    });
  };
}
