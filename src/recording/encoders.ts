import { wavCodingOf } from '../audio/audio-format.ts';
import { type Mp3EncoderPool, mp3EncoderPool } from '../audio/mp3-encoder.ts';
import { wavEncoder } from '../audio/wav-encoder.ts';
import type { Encoders } from './ports.ts';

/** The encoders of one worker; LAME is loaded with the first MP3. */
export function workerEncoders(): Encoders {
  let mp3: Promise<Mp3EncoderPool> | null = null;
  return {
    async acquire(format, shape) {
      const coding = wavCodingOf(format);
      if (coding !== null) return wavEncoder(shape, coding);
      mp3 ??= mp3EncoderPool();
      return (await mp3).acquire(shape);
    },
  };
}
