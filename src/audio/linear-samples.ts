import { endianness } from 'node:os';
import type { WavCoding } from './audio-format.ts';
import { decodeALaw, decodeMuLaw } from './g711.ts';

const machineIsLittle = endianness() === 'LE';

/** The samples of a WAV file's bytes, of which there are whole ones, in an array of their own. *Borrows* the bytes. */
export function linearSamples(bytes: Uint8Array, coding: WavCoding): Int16Array<ArrayBuffer> {
  if (coding !== 'pcm16') {
    const samples = new Int16Array(bytes.length);
    (coding === 'alaw' ? decodeALaw : decodeMuLaw)(bytes, 0, bytes.length, samples, 0);
    return samples;
  }
  const copy = Buffer.from(Uint8Array.from(bytes).buffer);
  if (!machineIsLittle) copy.swap16();
  return new Int16Array(copy.buffer);
}
