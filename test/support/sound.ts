/** Measurements on 16-bit PCM, for judging what the product made by means that are not its own. */

export function rms(samples: Int16Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return samples.length === 0 ? 0 : Math.sqrt(sum / samples.length);
}

export function tone(hertz: number, seconds: number, sampleRate = 8000, amplitude = 8000): Int16Array {
  return Int16Array.from({ length: Math.round(seconds * sampleRate) }, (_, n) =>
    Math.round(amplitude * Math.sin((2 * Math.PI * hertz * n) / sampleRate)),
  );
}

/** Amplitude of one frequency by Goertzel's recurrence, Hann-windowed so that neighbours do not leak in. */
export function amplitudeAt(samples: Int16Array, hertz: number, sampleRate = 8000): number {
  const turn = (2 * Math.PI * hertz) / sampleRate;
  const coefficient = 2 * Math.cos(turn);
  let last = 0;
  let beforeLast = 0;
  for (let n = 0; n < samples.length; n++) {
    const window = 0.5 - 0.5 * Math.cos((2 * Math.PI * n) / samples.length);
    const next = samples[n]! * window + coefficient * last - beforeLast;
    beforeLast = last;
    last = next;
  }
  const power = last * last + beforeLast * beforeLast - coefficient * last * beforeLast;
  // The Hann window halves the amplitude, and half of it stands at the negative frequency.
  return samples.length === 0 ? 0 : (4 * Math.sqrt(Math.max(0, power))) / samples.length;
}

export interface Alignment {
  /** Samples by which `part` begins later in `whole`; negative: its beginning is cut off. */
  readonly lag: number;
  /** Normalised correlation at that lag, -1 to 1. */
  readonly correlation: number;
}

/** Finds `part` in `whole` by normalised cross-correlation over the lags from `from` to `to` inclusive. */
export function align(
  whole: Int16Array,
  part: Int16Array,
  from = 0,
  to = whole.length - part.length,
): Alignment {
  let best: Alignment = { lag: from, correlation: -1 };
  const coarse = 8;
  const score = (lag: number, step: number): void => {
    const correlation = correlationAt(whole, part, lag, step);
    if (correlation > best.correlation) best = { lag, correlation };
  };
  // Speech at 8 kHz stays correlated over some samples: every second lag on every eighth sample, then finely.
  for (let lag = from; lag <= to; lag += 2) score(lag, coarse);
  const around = best.lag;
  best = { lag: around, correlation: -1 };
  for (let lag = Math.max(from, around - 12); lag <= Math.min(Math.max(from, to), around + 12); lag++)
    score(lag, 1);
  return best;
}

function correlationAt(whole: Int16Array, part: Int16Array, lag: number, step: number): number {
  let cross = 0;
  let wholePower = 0;
  let partPower = 0;
  for (let n = 0; n < part.length; n += step) {
    const a = whole[n + lag] ?? 0;
    const b = part[n]!;
    cross += a * b;
    wholePower += a * a;
    partPower += b * b;
  }
  return wholePower === 0 || partPower === 0 ? 0 : cross / Math.sqrt(wholePower * partPower);
}

/** Signal to noise of `actual` against `expected` in dB, both the same length and aligned. */
export function signalToNoise(expected: Int16Array, actual: Int16Array): number {
  let signal = 0;
  let noise = 0;
  for (let n = 0; n < expected.length; n++) {
    const difference = expected[n]! - (actual[n] ?? 0);
    signal += expected[n]! ** 2;
    noise += difference ** 2;
  }
  return noise === 0 ? Number.POSITIVE_INFINITY : 10 * Math.log10(signal / noise);
}
