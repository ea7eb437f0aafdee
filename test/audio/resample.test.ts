import { describe, expect, it } from 'vitest';
import { resample } from '../../src/audio/resample.ts';

const amplitude = 10_000;
const sine = (hertz: number, rate: number): Int16Array =>
  Int16Array.from({ length: rate }, (_, i) =>
    Math.round(amplitude * Math.sin((2 * Math.PI * hertz * i) / rate)),
  );

/** Ratio of a tone to all else, and its level, both in dB, by fitting the tone to the inner part. */
function measure(samples: Int16Array, hertz: number, rate: number): { sinad: number; level: number } {
  const inner = samples.subarray(rate / 10, rate - rate / 10);
  let [s, c] = [0, 0];
  inner.forEach((sample, i) => {
    s += sample * Math.sin((2 * Math.PI * hertz * i) / rate);
    c += sample * Math.cos((2 * Math.PI * hertz * i) / rate);
  });
  [s, c] = [(2 * s) / inner.length, (2 * c) / inner.length];
  let rest = 0;
  inner.forEach((sample, i) => {
    const turn = (2 * Math.PI * hertz * i) / rate;
    rest += (sample - s * Math.sin(turn) - c * Math.cos(turn)) ** 2;
  });
  const tone = Math.hypot(s, c);
  return {
    sinad: 10 * Math.log10((tone * tone) / 2 / (rest / inner.length)),
    level: 20 * Math.log10(tone / amplitude),
  };
}

describe.each([
  { from: 8000, to: 16_000 },
  { from: 16_000, to: 8000 },
  { from: 48_000, to: 8000 },
  { from: 48_000, to: 16_000 },
  { from: 44_100, to: 16_000 },
  { from: 11_025, to: 8000 },
])('from $from to $to Hz', ({ from, to }) => {
  it.each([300, 1000, 3200])('a tone of %i Hz keeps its level and stays alone', (hertz) => {
    const { sinad, level } = measure(resample(sine(hertz, from), from, to), hertz, to);
    // The samples' own rounding allows about 87 dB at this level.
    expect(sinad).toBeGreaterThan(75);
    expect(Math.abs(level)).toBeLessThan(0.1);
  });

  it('the length is that of the sound', () => {
    expect(Math.abs(resample(new Int16Array(from), from, to).length - to)).toBeLessThanOrEqual(1);
  });
});

it('what lies beyond half the new rate is gone, not folded down', () => {
  const folded = resample(sine(5000, 16_000), 16_000, 8000).subarray(800, 7200);
  expect(Math.max(...folded.map(Math.abs))).toBeLessThan(4);
});

it('full scale clips instead of wrapping', () => {
  const square = Int16Array.from({ length: 800 }, (_, i) => (i % 40 < 20 ? 32_767 : -32_768));
  const result = resample(square, 8000, 16_000);
  expect(Math.max(...result)).toBe(32_767);
  expect(result.slice(400, 420).every((sample) => sample > 20_000)).toBe(true);
});

it('the same rate gives the same samples', () => {
  const samples = sine(440, 8000);
  expect(resample(samples, 8000, 8000)).toBe(samples);
});
