import { type Clock, rfc3339 } from '../../kernel/clock.ts';
import type { Logger } from '../../kernel/logger.ts';
import type { Journal } from '../../journal/journal.ts';
import type { SealResult } from '../../recording/protocol.ts';
import type { CallRecord } from '../../records/call-record.ts';
import type { RecordEvent } from '../../records/record-event.ts';
import type { RecordingRecord } from '../../records/recording-record.ts';
import type { KeyRecord } from '../../records/key-record.ts';
import type { RecordingKeys } from '../../storage/recording-keys.ts';
import type { DataLayout } from '../data-layout.ts';
import { recoverFromSpool } from './recover-from-spool.ts';

export interface RecoveryDeps {
  readonly journal: Journal;
  readonly keys: RecordingKeys;
  readonly layout: DataLayout;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface Recovery {
  /** Before a node serves: finishes what an earlier life of it left open. */
  finishUnfinished(): Promise<void>;
  /** In mid-life: a recorder failed, its spool is on the disk. Null: nothing was there. */
  recoverOne(key: KeyRecord): Promise<SealResult | null>;
}

/** The journal knows what is unfinished, the spools hold its audio, the KEK opens both: nothing else is needed. */
export function createRecovery(deps: RecoveryDeps): Recovery {
  const { journal, keys, layout, clock, logger } = deps;

  const fromSpool = async (recordingId: string, key: KeyRecord | undefined): Promise<SealResult | null> => {
    if (key === undefined) return null;
    const opened = keys.open(key);
    if (opened === null) {
      throw new Error(
        `the key of recording ${recordingId} was wrapped by another key-encryption key (${key.kekId})`,
      );
    }
    return recoverFromSpool(layout, recordingId, opened);
  };

  const finish = async (recording: RecordingRecord, key: KeyRecord | undefined): Promise<void> => {
    try {
      const result = await fromSpool(recording.id, key);
      const event: RecordEvent = { kind: 'recording', recording: afterCrash(recording, result) };
      await write(journal, [event]);
      logger.warn('recording-recovered', { recordingId: recording.id, state: event.recording.state });
    } catch (error) {
      // Spool and journal entry stay: the next start tries again.
      logger.error('recovery-failed', { recordingId: recording.id, error: String(error) });
    }
  };

  return {
    async finishUnfinished() {
      const { calls, recordings, keys: wrapped } = journal.unfinished();
      const keyOf = new Map(wrapped.map((key) => [key.recordingId, key]));
      const now = rfc3339(clock.wall());
      await write(
        journal,
        calls.map((call) => ({ kind: 'call', call: crashed(call, now) })),
      );
      for (const recording of recordings) await finish(recording, keyOf.get(recording.id));
    },
    recoverOne: (key) => fromSpool(key.recordingId, key),
  };
}

async function write(journal: Journal, events: readonly RecordEvent[]): Promise<void> {
  if (events.length === 0) return;
  const written = await journal.append(events);
  if (!written.ok) throw new Error(written.error.message);
}

function crashed(call: CallRecord, endedAt: string): CallRecord {
  return { ...call, version: call.version + 1, endedAt, outcome: 'ours', reason: 'crash' };
}

/** What was written is kept; what never began rightly is not there; what began and left nothing has failed. */
function afterCrash(recording: RecordingRecord, result: SealResult | null): RecordingRecord {
  const version = recording.version + 1;
  if (result !== null) {
    return { ...recording, ...sealedFacts(result), version, state: 'interrupted', reason: 'crash' };
  }
  return {
    ...recording,
    version,
    state: recording.state === 'recording' ? 'failed' : 'none',
    reason: 'crash',
  };
}
