import { type WavCoding, wavCodingOf } from '../audio/audio-format.ts';
import { fileKind, type RecordingFormat } from '../records/recording-record.ts';
import type { RecordingShape } from './pipeline.ts';
import type { SpoolSource } from './ports.ts';
import type { Checkpoint, SpoolManifest } from './spool-format.ts';

/** A spool that nobody writes to any more, and how far it can be used. */
export interface OpenSpool {
  readonly path: string;
  readonly source: SpoolSource;
  readonly spoolSecret: Uint8Array;
  readonly manifest: SpoolManifest;
  readonly last: Checkpoint;
}

export function audioShape(manifest: Pick<SpoolManifest, 'channels' | 'sampleRate'>): RecordingShape {
  return { channels: manifest.channels === 'stereo' ? 2 : 1, sampleRate: manifest.sampleRate };
}

/** How the samples of a spool are coded: as in the file; of an MP3, linear, so that it can still be encoded. */
export function spoolCoding(format: RecordingFormat): WavCoding {
  return wavCodingOf(format) ?? 'pcm16';
}

/** `2026/11/23/ID.wav.age`, by the day (UTC) on which the spool was made. */
export function objectKeyOf(manifest: SpoolManifest, format: RecordingFormat): string {
  const day = new Date(manifest.createdAt).toISOString().slice(0, 10).replaceAll('-', '/');
  return `${day}/${manifest.recordingId}.${fileKind(format)}.age`;
}
