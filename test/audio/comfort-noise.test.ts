import { describe, expect, it } from 'vitest';
import { ComfortNoise } from '../../src/audio/comfort-noise.ts';
import { rms } from '../support/sound.ts';

/** A second of noise for a payload. */
function noise(payload: readonly number[], clockRate = 8000, sampleRate = clockRate): Int16Array {
  const comfort = new ComfortNoise(sampleRate);
  comfort.describe(Uint8Array.from(payload), 0, payload.length, clockRate);
  return Int16Array.from({ length: 4 * sampleRate }, () => comfort.next());
}

/** Reflection coefficients of a signal, by the Levinson-Durbin recursion. */
function reflections(samples: Int16Array, order: number): number[] {
  const r = Array.from({ length: order + 1 }, (_, lag) => {
    let sum = 0;
    for (let i = lag; i < samples.length; i++) sum += samples[i]! * samples[i - lag]!;
    return sum;
  });
  let a: number[] = [1];
  let error = r[0]!;
  const result: number[] = [];
  for (let m = 1; m <= order; m++) {
    const k = -a.reduce((sum, value, i) => sum + value * r[m - i]!, 0) / error;
    const padded = [...a, 0];
    a = padded.map((value, i) => value + k * padded[m - i]!);
    error *= 1 - k * k;
    result.push(k);
  }
  return result;
}

const dBov = (samples: Int16Array): number => 20 * Math.log10(rms(samples) / 32_767);

describe('comfort noise (RFC 3389)', () => {
  it.each([20, 40, 60, 70])('§3.1: has the level that is announced, -%i dBov', (level) => {
    expect(dBov(noise([level]))).toBeCloseTo(-level, 0);
  });

  it('§3.1: the top bit of the level is always 0, and is not read', () => {
    expect(dBov(noise([0x80 | 40]))).toBeCloseTo(-40, 0);
  });

  it.each([
    { name: 'low frequencies', codes: [20, 127, 127] },
    { name: 'high frequencies', codes: [220] },
    { name: 'a band', codes: [127, 225, 100, 150] },
    { name: 'ten coefficients', codes: [60, 170, 110, 140, 120, 131, 127, 125, 129, 128] },
  ])('§3.2: has the spectrum that is announced: $name', ({ codes }) => {
    const samples = noise([30, ...codes]);
    const announced = codes.map((code) => (258 * (code - 127)) / 32_768);
    const found = reflections(samples, codes.length);
    found.forEach((k, i) => {
      expect(Math.abs(k - announced[i]!)).toBeLessThan(0.03);
    });
    expect(dBov(samples)).toBeCloseTo(-30, 0);
  });

  it('keeps its level at the rate of a wider recording, without anything above its own half', () => {
    const samples = noise([30], 8000, 16_000);
    expect(dBov(samples)).toBeGreaterThan(-31);
    expect(dBov(samples)).toBeLessThan(-29.5);
    const [first] = reflections(samples, 1);
    // White noise up to half of half the rate is alike in neighbours by sin(pi/2)/(pi/2).
    expect(first).toBeLessThan(-0.55);
  });

  it('of a wider signal than the recording has, its level', () => {
    expect(dBov(noise([40, 20, 200], 16_000, 8000))).toBeCloseTo(-40, 0);
  });

  it.each([
    { name: 'nothing', payload: [] },
    { name: 'more coefficients than are used', payload: [30, ...new Array<number>(40).fill(254)] },
    { name: 'the reserved value', payload: [10, 255, 255, 255, 0, 0, 0] },
    { name: 'the loudest', payload: [0, 0, 254, 0, 254, 0, 254] },
  ])('stays within 16 bits for $name', ({ payload }) => {
    const samples = noise(payload);
    expect(samples.every((sample) => Number.isInteger(sample) && Math.abs(sample) <= 32_768)).toBe(true);
  });
});
