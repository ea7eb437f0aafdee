import type { AudioShape, EncodedProgress } from './audio-encoder.ts';
import { type AudioFormat, wavCodingOf } from './audio-format.ts';
import type { AudioTags } from './audio-tags.ts';
import { id3Tag } from './id3-tag.ts';
import { mp3Bitrate } from './mp3-encoder.ts';
import { mp3InfoFrame } from './mp3-info-tag.ts';
import { wavHead, wavTail } from './wav-header.ts';

/** The bytes that stand around an encoder's output in a finished file. */
export interface AudioFileEnds {
  readonly head: Uint8Array;
  readonly tail: Uint8Array;
}

/** Made from what was encoded alone, so that a process can make them that never saw the encoder. */
export function audioFileEnds(
  format: AudioFormat,
  shape: AudioShape,
  progress: EncodedProgress,
  tags: AudioTags | null,
): AudioFileEnds {
  const coding = wavCodingOf(format);
  if (coding !== null) {
    const file = { shape, coding, dataBytes: progress.bytes, tags };
    return { head: wavHead(file), tail: wavTail(file) };
  }
  const info = mp3InfoFrame(shape, mp3Bitrate(shape), progress);
  if (info === null) throw new RangeError(`no MP3 tag at ${shape.sampleRate} Hz`);
  const head = tags === null ? info : Buffer.concat([id3Tag(tags), info]);
  return { head, tail: new Uint8Array(0) };
}
