import { endianness } from 'node:os';
import type { AudioEncoder, AudioShape, EncodedProgress } from './audio-encoder.ts';

const nothing = new Uint8Array(0);

/** 16-bit PCM, little-endian (WAVE). The samples are lent on as they are where the machine's order is that. */
export function wavEncoder(shape: AudioShape): AudioEncoder {
  let samples = 0;
  return {
    encode(taken) {
      samples += taken.length / shape.channels;
      return littleEndian(taken);
    },
    finish: () => nothing,
    progress: () => wavProgress(shape, samples),
    release: () => undefined,
  };
}

function wavProgress(shape: AudioShape, samples: number): EncodedProgress {
  return { samples, decodable: samples, bytes: samples * shape.channels * 2, frames: 0, crc: 0 };
}

function littleEndian(samples: Int16Array): Uint8Array {
  const bytes = Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);
  return endianness() === 'LE' ? bytes : Buffer.from(bytes).swap16();
}
