import { type Mp3EncoderPool, mp3EncoderPool } from '../audio/mp3-encoder.ts';
import type { Encoders } from './ports.ts';

/** The MP3 encoders of one worker; LAME is loaded with the first. */
export function workerEncoders(): Encoders {
  let mp3: Promise<Mp3EncoderPool> | null = null;
  return {
    async acquire(shape) {
      mp3 ??= mp3EncoderPool();
      return (await mp3).acquire(shape);
    },
  };
}
