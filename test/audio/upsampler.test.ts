import { describe, expect, it } from 'vitest';
import { G711Decoder } from '../../src/audio/g711-decoder.ts';
import { resample } from '../../src/audio/resample.ts';
import { UpsampledDecoder } from '../../src/audio/upsampled-decoder.ts';
import { Upsampler } from '../../src/audio/upsampler.ts';
import { seededRandom } from '../support/random.ts';
import { rms } from '../support/sound.ts';

/** All that comes out for an input cut into packets of these lengths, drained at the end. */
function run(samples: Int16Array, factor: number, cut: () => number): Int16Array {
  const upsampler = new Upsampler(factor);
  const result = new Int16Array(samples.length * factor);
  let at = 0;
  for (let from = 0; from < samples.length; ) {
    const count = Math.min(cut(), samples.length - from);
    at += upsampler.push(samples.subarray(from), count, result.subarray(at));
    from += count;
    expect(upsampler.pending).toBe(from * factor - at);
  }
  at += upsampler.drain(result.subarray(at));
  expect(at).toBe(result.length);
  expect(upsampler.pending).toBe(0);
  return result;
}

/** A sine without the rounding of its samples’ values. */
const sine = (hertz: number, rate: number, n: number): number =>
  20_000 * Math.sin((2 * Math.PI * hertz * n) / rate + 0.3);

/** Signal over everything else, dB: the best sine of that frequency taken out. */
function sinad(samples: Int16Array, hertz: number, rate: number): number {
  let [a, b] = [0, 0];
  samples.forEach((s, n) => {
    a += (2 / samples.length) * s * Math.cos((2 * Math.PI * hertz * n) / rate);
    b += (2 / samples.length) * s * Math.sin((2 * Math.PI * hertz * n) / rate);
  });
  const turn = (2 * Math.PI * hertz) / rate;
  const rest = Float64Array.from(samples, (s, n) => s - a * Math.cos(turn * n) - b * Math.sin(turn * n));
  const power = rest.reduce((sum, r) => sum + r * r, 0) / rest.length;
  return 10 * Math.log10((a * a + b * b) / 2 / power);
}

describe.each([
  { from: 8000, factor: 2 },
  { from: 8000, factor: 6 },
  { from: 16_000, factor: 3 },
])('from $from Hz to $factor times as many', ({ from, factor }) => {
  const rate = from * factor;
  const input = (hertz: number): Int16Array =>
    Int16Array.from({ length: from }, (_, n) => Math.round(sine(hertz, from, n)));
  // Whole periods, away from the ends.
  const middle = (samples: Int16Array): Int16Array => samples.subarray(rate / 5, (4 * rate) / 5);

  it.each([300, 1000, 3000])(
    'a tone of %i Hz keeps 90 dB to everything else, its level and its place',
    (hertz) => {
      const output = run(input(hertz), factor, () => from / 50);
      expect(sinad(middle(output), hertz, rate)).toBeGreaterThan(90);
      const truth = Float64Array.from(output, (_, n) => sine(hertz, rate, n));
      const error = output.map((s, n) => s - truth[n]!);
      // A place that is off by a tenth of a sample of 48 kHz shifts 1000 Hz by 1.3 % of its value.
      expect(rms(middle(error))).toBeLessThan(0.005 * 20_000);
    },
  );

  it('is the same however it is cut, and as a whole sound is', () => {
    const random = seededRandom(factor);
    const noise = Int16Array.from({ length: 3000 }, () => Math.floor(random() * 65_536) - 32_768);
    const whole = resample(noise, from, rate);
    expect(run(noise, factor, () => 3000)).toEqual(whole);
    expect(run(noise, factor, () => 160)).toEqual(whole);
    expect(run(noise, factor, () => 1 + Math.floor(random() * 50))).toEqual(whole);
  });
});

describe('a G.711 leg in a recording at 16000 Hz', () => {
  const silence = new Uint8Array(160).fill(0xd5);

  it('gives back each packet’s length, the filter’s part when the stream ends', () => {
    const decoder = new UpsampledDecoder(new G711Decoder('a'), 2);
    const target = new Int16Array(1000);
    const first = decoder.decode(silence, 0, 160, target);
    expect(first + decoder.pending).toBe(320);
    expect(decoder.decode(silence, 0, 160, target)).toBe(320);
    expect(decoder.conceal(320, target)).toBe(320);
    const rest = decoder.pending;
    expect(decoder.drain(target)).toBe(rest);
    expect(decoder.pending).toBe(0);
  });
});
