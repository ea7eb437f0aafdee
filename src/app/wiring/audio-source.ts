import { err, ok } from '../../kernel/result.ts';
import type { AudioFault, AudioSource } from '../../api/ports.ts';
import type { RecordStore } from '../../records/ports.ts';
import { type FileKind, fileKind } from '../../records/recording-record.ts';
import { openRecording, type ReadFault, type RecordingReaderDeps } from './recording-reader.ts';

const contentTypes: Readonly<Record<FileKind, string>> = { wav: 'audio/wav', mp3: 'audio/mpeg' };

const faults: Readonly<Record<ReadFault, AudioFault>> = {
  'no-object': 'missing',
  missing: 'missing',
  'no-key': 'key-destroyed',
  'foreign-kek': 'unavailable',
  'wrong-identity': 'damaged',
  'not-age': 'damaged',
  corrupt: 'damaged',
};

/** What the API plays, out of storage and key store. */
export function audioSource(deps: RecordingReaderDeps, records: Pick<RecordStore, 'recording'>): AudioSource {
  return {
    open: async (recordingId) => {
      const recording = await records.recording(recordingId);
      if (recording === null) return err('missing');
      const opened = await openRecording(deps, recording);
      if (!opened.ok) return err(faults[opened.error]);
      const reader = opened.value;
      return ok({
        size: reader.size,
        contentType: contentTypes[fileKind(recording.format)],
        read: (start, end) => reader.stream(start, end),
      });
    },
  };
}
