import { describe, expect, it } from 'vitest';
import {
  aLawSilence,
  decodeALaw,
  decodeMuLaw,
  encodeALaw,
  encodeMuLaw,
  muLawSilence,
} from '../../src/audio/g711.ts';
import { ffmpegALaw, ffmpegMuLaw } from './g711-vectors.ts';

const octets = Uint8Array.from({ length: 256 }, (_, i) => i);
const everySample = Int16Array.from({ length: 65536 }, (_, i) => i - 32768);

const laws = [
  {
    law: 'A-law',
    decode: decodeALaw,
    encode: encodeALaw,
    oracle: ffmpegALaw,
    zero: 0xd5,
    silence: aLawSilence,
  },
  {
    law: 'mu-law',
    decode: decodeMuLaw,
    encode: encodeMuLaw,
    oracle: ffmpegMuLaw,
    zero: 0xff,
    silence: muLawSilence,
  },
];

describe.each(laws)('G.711 $law', ({ decode, encode, oracle, zero, silence }) => {
  const encoded = new Uint8Array(65536);
  encode(everySample, 0, 65536, encoded, 0);

  it('decodes all 256 octets as ffmpeg does', () => {
    const decoded = new Int16Array(256);
    decode(octets, 0, 256, decoded, 0);
    expect(decoded).toEqual(oracle);
  });

  it('encodes each of the 65536 samples to a nearest value', () => {
    const notNearest = everySample.filter((sample, i) => {
      const chosen = Math.abs(sample - (oracle[encoded[i]!] ?? 0));
      return oracle.some((value) => Math.abs(sample - value) < chosen);
    });
    expect(notNearest).toEqual(new Int16Array(0));
  });

  it('takes the smaller magnitude halfway between two values', () => {
    const halfway = everySample.filter((sample, i) => {
      const chosen = oracle[encoded[i]!]!;
      const mirrored = 2 * sample - chosen;
      return sample !== chosen && oracle.includes(mirrored) && Math.abs(mirrored) < Math.abs(chosen);
    });
    expect(halfway.filter((sample) => sample !== 0)).toEqual(new Int16Array(0));
  });

  it('is odd: the sign changes nothing but the sign bit', () => {
    for (let magnitude = 1; magnitude < 32768; magnitude++) {
      expect(encoded[32768 - magnitude]! ^ encoded[32768 + magnitude]!).toBe(0x80);
    }
  });

  it('silence is the positive zero', () => {
    expect(encoded[32768]).toBe(zero);
    expect(silence).toBe(zero);
  });

  it('writes where it is told and nowhere else', () => {
    const bytes = new Uint8Array(6).fill(1);
    encode(Int16Array.of(9, 0, 0, 9), 1, 2, bytes, 3);
    expect(bytes).toEqual(Uint8Array.of(1, 1, 1, zero, zero, 1));
    const samples = new Int16Array(6).fill(7);
    decode(bytes, 3, 2, samples, 1);
    expect(samples).toEqual(Int16Array.of(7, oracle[zero]!, oracle[zero]!, 7, 7, 7));
  });
});
