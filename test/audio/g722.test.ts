import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { G722Encoder } from '../../src/audio/g722-encoder.ts';
import { g722Vectors } from './g722-vectors.ts';

const encode = (samples: Int16Array, portion: number): Uint8Array => {
  const octets = new Uint8Array(samples.length / 2);
  const encoder = new G722Encoder();
  for (let at = 0; at < octets.length; at += portion) {
    encoder.encode(samples, 2 * at, Math.min(portion, octets.length - at), octets, at);
  }
  return octets;
};

describe('the G.722 encoder gives the octets of ffmpeg’s for', () => {
  it.each(g722Vectors)('$name', ({ samples, sha256 }) => {
    const octets = encode(samples(), Infinity);
    expect(createHash('sha256').update(octets).digest('hex')).toBe(sha256);
  });
});

it('a stream that is encoded in portions is the same stream', () => {
  const samples = g722Vectors[0]!.samples();
  expect(encode(samples, 160)).toEqual(encode(samples, Infinity));
});
