import { endianness } from 'node:os';
import type { AudioEncoder, AudioShape } from './audio-encoder.ts';
import { bytesPerSample, type WavCoding } from './audio-format.ts';
import { encodeALaw, encodeMuLaw } from './g711.ts';

const nothing = new Uint8Array(0);

/** The samples of a WAV file: 16-bit PCM, little-endian, or G.711. It keeps nothing to itself. */
export function wavEncoder(shape: AudioShape, coding: WavCoding): AudioEncoder {
  const blockBytes = shape.channels * bytesPerSample(coding);
  const encode = coding === 'pcm16' ? littleEndian : companded(coding);
  let samples = 0;
  return {
    encode(taken) {
      samples += taken.length / shape.channels;
      return encode(taken);
    },
    finish: () => nothing,
    progress: () => ({ samples, decodable: samples, bytes: samples * blockBytes, frames: 0, crc: 0 }),
    release: () => undefined,
  };
}

/** The samples are lent on as they are where the machine's order is that. */
function littleEndian(samples: Int16Array): Uint8Array {
  const bytes = Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);
  return endianness() === 'LE' ? bytes : Buffer.from(bytes).swap16();
}

/** What came as this law goes out as it came: to every value that it decodes to, the nearest is that value. */
function companded(law: 'alaw' | 'mulaw'): (samples: Int16Array) => Uint8Array {
  const encode = law === 'alaw' ? encodeALaw : encodeMuLaw;
  let octets = new Uint8Array(0);
  return (samples) => {
    if (octets.length < samples.length) octets = new Uint8Array(samples.length);
    encode(samples, 0, samples.length, octets, 0);
    return octets.subarray(0, samples.length);
  };
}
