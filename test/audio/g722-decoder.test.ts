import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { G722Decoder } from '../../src/audio/g722-decoder.ts';
import { G722Encoder } from '../../src/audio/g722-encoder.ts';
import { resample } from '../../src/audio/resample.ts';
import { g722Garbage, g722Vectors } from './g722-vectors.ts';

/** Our encoder's octets are ffmpeg's, as its own test holds. */
function octetsOf(samples: Int16Array): Uint8Array {
  const octets = new Uint8Array(samples.length >> 1);
  new G722Encoder().encode(samples, 0, octets.length, octets, 0);
  return octets;
}

function decoded(octets: Uint8Array, rate: 8000 | 16_000, portion = octets.length): Int16Array {
  const decoder = new G722Decoder(rate);
  const samples = new Int16Array((octets.length * rate) / 8000);
  let at = 0;
  for (let from = 0; from < octets.length; from += portion) {
    at += decoder.decode(octets, from, Math.min(portion, octets.length - from), samples.subarray(at));
  }
  return samples;
}

const sha256 = (samples: Int16Array): string => createHash('sha256').update(samples).digest('hex');

describe('the G.722 decoder gives the samples of ffmpeg’s for', () => {
  it.each(g722Vectors)('$name', ({ samples, decodedSha256 }) => {
    expect(sha256(decoded(octetsOf(samples()), 16_000))).toBe(decodedSha256);
  });

  it('octets that no encoder wrote', () => {
    expect(sha256(decoded(g722Garbage.octets(), 16_000))).toBe(g722Garbage.decodedSha256);
  });
});

describe('a G.722 stream', () => {
  const speech = octetsOf(g722Vectors[0]!.samples());

  it('is the same in packets of 20 ms as in one piece', () => {
    expect(decoded(speech, 16_000, 160)).toEqual(decoded(speech, 16_000));
    expect(decoded(speech, 8000, 160)).toEqual(decoded(speech, 8000));
  });

  it('begins anew after a reset', () => {
    const decoder = new G722Decoder(16_000);
    const [first, second] = [new Int16Array(3200), new Int16Array(3200)];
    decoder.decode(speech, 0, 1600, first);
    decoder.reset();
    decoder.decode(speech, 0, 1600, second);
    expect(second).toEqual(first);
  });

  it('at 8000 Hz is the same signal below 4 kHz, at the same level', () => {
    // The mirror filter delays the wide signal by 11 of its samples: 5.5 of these, found at the nearest of both sides.
    const wide = resample(decoded(speech, 16_000), 16_000, 8000);
    const narrow = decoded(speech, 8000);
    const at = (lag: number): number => {
      let [both, one, other] = [0, 0, 0];
      for (let i = 4000; i < 20_000; i++) {
        const [a, b] = [wide[i + lag]!, narrow[i]!];
        both += a * b;
        one += a * a;
        other += b * b;
      }
      return both / Math.sqrt(one * other);
    };
    const likeness = Math.max(...Array.from({ length: 12 }, (_, lag) => at(lag)));
    const power = (samples: Int16Array): number => samples.reduce((sum, s) => sum + s * s, 0);
    expect(likeness).toBeGreaterThan(0.9);
    expect(Math.abs(10 * Math.log10(power(wide) / power(narrow)))).toBeLessThan(0.5);
  });
});
