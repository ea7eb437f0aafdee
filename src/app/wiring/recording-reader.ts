import { chacha20Poly1305 } from '../../kernel/aead.ts';
import { err, type Result } from '../../kernel/result.ts';
import type { KeyStore } from '../../records/ports.ts';
import type { RecordingRecord } from '../../records/recording-record.ts';
import { type AgeFault, AgeReader } from '../../storage/age-reader.ts';
import type { ObjectStore } from '../../storage/object-store.ts';
import type { RecordingKeys } from '../../storage/recording-keys.ts';

/** `no-object`: nothing was sealed. `no-key`: destroyed, or never stored. `foreign-kek`: another KEK wrapped it. */
export type ReadFault = AgeFault | 'no-object' | 'no-key' | 'foreign-kek';

export interface RecordingReaderDeps {
  readonly keys: Pick<KeyStore, 'get'>;
  readonly recordingKeys: RecordingKeys;
  readonly objects: ObjectStore;
}

/** Opens a sealed recording for reading any range of its audio. */
export async function openRecording(
  deps: RecordingReaderDeps,
  recording: Pick<RecordingRecord, 'id' | 'objectKey'>,
): Promise<Result<AgeReader, ReadFault>> {
  if (recording.objectKey === null) return err('no-object');
  return openObject(deps, recording.id, recording.objectKey);
}

/** Opens one of the objects that were sealed for a recording. */
export async function openObject(
  deps: RecordingReaderDeps,
  recordingId: string,
  objectKey: string,
): Promise<Result<AgeReader, ReadFault>> {
  const key = await deps.keys.get(recordingId);
  if (key === null) return err('no-key');
  const identity = deps.recordingKeys.identity(key);
  if (identity === null) return err('foreign-kek');
  return AgeReader.open({ store: deps.objects, objectKey, aead: chacha20Poly1305 }, identity);
}
