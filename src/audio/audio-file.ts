import type { AudioShape, EncodedProgress } from './audio-encoder.ts';
import { mp3Bitrate } from './mp3-encoder.ts';
import { mp3InfoFrame } from './mp3-info-tag.ts';
import { wavHeader } from './wav-header.ts';

/** The bytes that stand before an encoder's output in a finished file. */
export function audioFileHead(
  format: 'wav' | 'mp3',
  shape: AudioShape,
  progress: EncodedProgress,
): Uint8Array {
  if (format === 'wav') return wavHeader(shape, progress.bytes);
  const frame = mp3InfoFrame(shape, mp3Bitrate(shape), progress);
  if (frame === null) throw new RangeError(`no MP3 tag at ${shape.sampleRate} Hz`);
  return frame;
}
