import { err, ok, type Result } from '../../kernel/result.ts';
import type { AudioFault, AudioSource, OpenAudio, PeaksFault, Waveform } from '../../api/ports.ts';
import {
  type FileKind,
  fileKind,
  isOpen,
  type RecordingFormat,
  type RecordingRecord,
} from '../../records/recording-record.ts';
import { readPeaks } from '../../recording/peaks.ts';
import { peaksKey, rawKey } from '../../storage/recording-vault.ts';
import { openObject, openRecording, type ReadFault, type RecordingReaderDeps } from './recording-reader.ts';
import { openUnsealed, type SpoolSourceDeps, type UnsealedFault } from './spool-source.ts';

const contentTypes: Readonly<Record<FileKind, string>> = { wav: 'audio/wav', mp3: 'audio/mpeg' };

const faults: Readonly<Record<ReadFault, Exclude<AudioFault, 'open'>>> = {
  'no-object': 'missing',
  missing: 'missing',
  'no-key': 'key-destroyed',
  'foreign-kek': 'unavailable',
  'wrong-identity': 'damaged',
  'not-age': 'damaged',
  corrupt: 'damaged',
};

const unsealedFaults: Readonly<Record<UnsealedFault, AudioFault>> = {
  open: 'open',
  'foreign-kek': 'unavailable',
  unreadable: 'damaged',
};

/** What the API plays: out of storage, or out of the spool while that is being sealed. */
export function audioSource(deps: RecordingReaderDeps & SpoolSourceDeps): AudioSource {
  return {
    open: (recording) => (isOpen(recording.state) ? unsealed(deps, recording) : sealed(deps, recording)),
    peaks: async (recording) => {
      const { objectKey } = recording;
      if (objectKey === null) return err('none');
      const opened = await openObject(deps, recording.id, peaksKey(objectKey));
      if (!opened.ok) return err(peaksFault(faults[opened.error]));
      const peaks = readPeaks(Buffer.from(await opened.value.read(0, opened.value.size)).toString());
      return peaks === null ? err('damaged') : ok(waveform(peaks));
    },
    packets: async ({ id, objectKey }) => {
      if (objectKey === null) return err('missing');
      const opened = await openObject(deps, id, rawKey(objectKey));
      if (!opened.ok) return err(faults[opened.error]);
      const reader = opened.value;
      return ok({ size: reader.size, read: (start, end) => reader.stream(start, end) });
    },
  };
}

function peaksFault(fault: Exclude<AudioFault, 'open'>): PeaksFault {
  return fault === 'missing' ? 'none' : fault;
}

function waveform(peaks: NonNullable<ReturnType<typeof readPeaks>>): Waveform {
  return { ...peaks, data: peaks.data.map((pairs) => [...pairs]) };
}

async function sealed(
  deps: RecordingReaderDeps,
  recording: RecordingRecord,
): Promise<Result<OpenAudio, AudioFault>> {
  const opened = await openRecording(deps, recording);
  if (!opened.ok) return err(faults[opened.error]);
  const reader = opened.value;
  return ok({
    size: reader.size,
    ...described(recording.format),
    read: (start, end) => reader.stream(start, end),
    close: () => undefined,
  });
}

async function unsealed(
  deps: SpoolSourceDeps,
  recording: RecordingRecord,
): Promise<Result<OpenAudio, AudioFault>> {
  const opened = await openUnsealed(deps, recording.id);
  if (!opened.ok) return err(unsealedFaults[opened.error]);
  const { audio, close } = opened.value;
  return ok({
    size: audio.size,
    ...described(audio.format),
    read: (start, end) => audio.read(start, end),
    close: () => {
      close().catch(() => undefined);
    },
  });
}

function described(format: RecordingFormat): Pick<OpenAudio, 'format' | 'contentType'> {
  return { format, contentType: contentTypes[fileKind(format)] };
}
