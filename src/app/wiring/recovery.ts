import { type Clock, rfc3339 } from '../../kernel/clock.ts';
import type { Logger } from '../../kernel/logger.ts';
import type { Journal } from '../../journal/journal.ts';
import type { Recovery as SpoolRecovery, SealResult } from '../../recording/protocol.ts';
import type { CallRecord } from '../../records/call-record.ts';
import type { KeyRecord } from '../../records/key-record.ts';
import type { DigestMac } from '../../records/consent-chain.ts';
import type { RecordEvent } from '../../records/record-event.ts';
import type { RecordingRecord } from '../../records/recording-record.ts';
import { recordingSeal } from '../../records/recording-seal.ts';
import type { RecordingKeys } from '../../storage/recording-keys.ts';
import type { DataLayout } from '../data-layout.ts';
import { findSealed } from './find-sealed.ts';
import { sealedFacts } from './sealed-facts.ts';

export interface RecoveryDeps {
  readonly journal: Journal;
  readonly keys: RecordingKeys;
  readonly mac: DigestMac;
  readonly layout: DataLayout;
  /** By a recording worker, which has encoders and whose thread carries no calls. */
  readonly recoverSpool: (
    recordingId: string,
    opened: { readonly recipient: string; readonly spoolSecret: Uint8Array },
  ) => Promise<SpoolRecovery>;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface Recovery {
  /** Before a node serves: closes the calls of its earlier life, and says which. */
  closeCalls(): Promise<readonly CallRecord[]>;
  /** While it serves already: makes recordings of what that life left in its spools. */
  finishRecordings(): Promise<void>;
  /** In mid-life: a recorder failed, its spool is on the disk. Null: nothing was there. */
  recoverOne(key: KeyRecord): Promise<FoundRecording | null>;
}

export interface FoundRecording {
  readonly result: SealResult;
  /** The recording had ended in order before the crash. */
  readonly complete: boolean;
}

/** The journal knows what is unfinished, the spools hold its audio, the KEK opens both: nothing else is needed. */
export function createRecovery(deps: RecoveryDeps): Recovery {
  const { journal, clock, logger } = deps;

  const finish = async (recording: RecordingRecord, key: KeyRecord | undefined): Promise<void> => {
    try {
      const found = key === undefined ? null : await find(deps, key);
      const finished = signed(afterCrash(recording, found), deps.mac);
      await write(journal, [{ kind: 'recording', recording: finished }]);
      logger.warn('recording-recovered', { recordingId: recording.id, state: finished.state });
    } catch (error) {
      // Spool and journal entry stay: the next start tries again.
      logger.error('recovery-failed', { recordingId: recording.id, error: String(error) });
    }
  };

  return {
    async closeCalls() {
      const now = rfc3339(clock.wall());
      const lost = journal.unfinished().calls.map((call) => crashed(call, now));
      await write(
        journal,
        lost.map((call) => ({ kind: 'call', call })),
      );
      return lost;
    },
    async finishRecordings() {
      const { recordings, keys } = journal.unfinished();
      const keyOf = new Map(keys.map((key) => [key.recordingId, key]));
      for (const recording of recordings) await finish(recording, keyOf.get(recording.id));
    },
    recoverOne: (key) => find(deps, key),
  };
}

/** Throws where a spool is there and cannot be opened: then it stays, and so does the journal's entry. */
async function find(
  { keys, layout, recoverSpool, clock }: RecoveryDeps,
  key: KeyRecord,
): Promise<FoundRecording | null> {
  const opened = keys.open(key);
  if (opened === null) {
    throw new Error(
      `the key of recording ${key.recordingId} was wrapped by another key-encryption key (${key.kekId})`,
    );
  }
  const recovery = await recoverSpool(key.recordingId, opened);
  switch (recovery.outcome) {
    case 'sealed':
      return recovery;
    case 'empty':
      return null;
    case 'unreadable':
      throw new Error(`the spool of recording ${key.recordingId} cannot be read`);
    case 'missing': {
      // Sealed, the spool removed, and then the node died before it could say so.
      const result = await findSealed(layout, key.recordingId, clock.wall());
      return result === null ? null : { result, complete: true };
    }
  }
}

async function write(journal: Journal, events: readonly RecordEvent[]): Promise<void> {
  if (events.length === 0) return;
  const written = await journal.append(events);
  if (!written.ok) throw new Error(written.error.message);
}

function signed(recording: RecordingRecord, mac: DigestMac): RecordingRecord {
  return recording.objectKey === null ? recording : { ...recording, seal: recordingSeal(recording, mac) };
}

function crashed(call: CallRecord, endedAt: string): CallRecord {
  return { ...call, version: call.version + 1, endedAt, outcome: 'ours', reason: 'crash' };
}

/** What was written is kept; what never began rightly is not there; what began and left nothing has failed. */
function afterCrash(recording: RecordingRecord, found: FoundRecording | null): RecordingRecord {
  const next = { ...recording, version: recording.version + 1, spooled: false };
  // It had failed before, by itself: the crash is not why.
  const reason = recording.state === 'failed' ? recording.reason : 'crash';
  if (found === null) return { ...next, state: recording.state === 'expected' ? 'none' : 'failed', reason };
  const facts = sealedFacts(found.result);
  if (found.complete)
    return { ...next, ...facts, state: 'sealed', reason: found.result.undecoded ? 'undecoded' : null };
  return { ...next, ...facts, state: 'interrupted', reason };
}
