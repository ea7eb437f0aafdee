import type { RecordingRecord } from '../../records/recording-record.ts';
import type { SessionDeps } from './session-deps.ts';

type Deps = Pick<SessionDeps, 'destroy' | 'logger' | 'alarm'>;

/** Takes key and object of a recording that a party has refused. */
export async function destroyRecording(
  { destroy, logger, alarm }: Deps,
  { id, callId }: RecordingRecord,
  objectKey: string | null,
): Promise<void> {
  try {
    await destroy(id, objectKey);
    logger.info('recording-destroyed', { callId, recordingId: id });
  } catch (error) {
    alarm('not-destroyed');
    logger.error('recording-not-destroyed', { recordingId: id, error: String(error) });
  }
}
