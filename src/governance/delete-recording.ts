import { type Clock, rfc3339 } from '../kernel/clock.ts';
import type { Logger } from '../kernel/logger.ts';
import { err, ok, type Result } from '../kernel/result.ts';
import type { KeyStore, RecordStore } from '../records/ports.ts';
import { isOpen, type RecordingRecord } from '../records/recording-record.ts';

/** `open`: still being made. `held`: under a legal hold. `node-unreachable`: its journal may still hold the key. */
type DeletionFault = 'not-found' | 'open' | 'held' | 'node-unreachable';

export interface DeletionPorts {
  readonly records: Pick<RecordStore, 'recording' | 'markDeleted'>;
  readonly keys: Pick<KeyStore, 'destroy'>;
  /** Makes the node that recorded it give up what its journal holds of the key. False: it did not say it had. */
  readonly forgetKey: (nodeId: string, recordingId: string) => Promise<boolean>;
  /** Removes the sealed object and its manifest; one that is gone already is no fault. */
  readonly removeObject: (recording: RecordingRecord) => Promise<void>;
  /** The call's evidence, where no other recording of it is kept. */
  readonly forgetEvidence: (callId: string) => Promise<void>;
  readonly clock: Clock;
  readonly logger: Logger;
}

export type DeleteRecording = (recordingId: string, actor: string) => Promise<Result<void, DeletionFault>>;

/**
 * Deletes for good. The order is the promise: the key goes first, so that whatever fails afterwards leaves
 * nothing that can be opened, and `deleted` is written after it, so that it is true; the evidence of it goes last. Every step may be
 * repeated: who was interrupted asks again. A deleted recording stays deleted.
 */
export function createDeleteRecording(ports: DeletionPorts): DeleteRecording {
  const { records, keys, clock, logger } = ports;
  return async (recordingId, actor) => {
    const recording = await records.recording(recordingId);
    if (recording === null) return err('not-found');
    if (recording.state === 'deleted') return ok(undefined);
    if (isOpen(recording.state)) return err('open');
    if (recording.hold) return err('held');
    await keys.destroy(recordingId);
    if (!(await ports.forgetKey(recording.nodeId, recordingId))) {
      logger.error('recording-deletion-unfinished', { recordingId, nodeId: recording.nodeId });
      return err('node-unreachable');
    }
    await ports.removeObject(recording);
    await records.markDeleted(recordingId, rfc3339(clock.wall()));
    await ports.forgetEvidence(recording.callId).catch((error: unknown) => {
      // Retention will; the recording is gone none the less.
      logger.warn('evidence-not-deleted-yet', { recordingId, error: String(error) });
    });
    logger.info('recording-deleted', { recordingId, actor });
    return ok(undefined);
  };
}
