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

/** Finds `part` in `whole` by normalised cross-correlation over every lag from `from` to `to` inclusive. */
export function align(
  whole: Int16Array,
  part: Int16Array,
  from = 0,
  to = whole.length - part.length,
): Alignment {
  const cross = crossCorrelation(whole, part);
  const energy = new Float64Array(whole.length + 1);
  for (let n = 0; n < whole.length; n++) energy[n + 1] = energy[n]! + whole[n]! ** 2;
  const partEnergy = part.length * rms(part) ** 2;
  const within = (at: number): number => energy[Math.min(Math.max(at, 0), whole.length)]!;
  let best: Alignment = { lag: from, correlation: -1 };
  for (let lag = from; lag <= Math.max(from, to); lag++) {
    const power = (within(lag + part.length) - within(lag)) * partEnergy;
    const correlation = power <= 0 ? 0 : cross(lag) / Math.sqrt(power);
    if (correlation > best.correlation) best = { lag, correlation };
  }
  return best;
}

/** The sum of `whole[n + lag] * part[n]` for any lag, computed for all lags at once by the Fourier transform. */
function crossCorrelation(whole: Int16Array, part: Int16Array): (lag: number) => number {
  let size = 1;
  while (size < whole.length + part.length) size *= 2;
  const a = transform(
    Float64Array.from({ length: size }, (_, n) => whole[n] ?? 0),
    new Float64Array(size),
  );
  const b = transform(
    Float64Array.from({ length: size }, (_, n) => part[n] ?? 0),
    new Float64Array(size),
  );
  const real = new Float64Array(size);
  const imaginary = new Float64Array(size);
  for (let n = 0; n < size; n++) {
    real[n] = a.real[n]! * b.real[n]! + a.imaginary[n]! * b.imaginary[n]!;
    // The conjugate, since transforming forwards once more is the inverse of a conjugated spectrum.
    imaginary[n] = a.real[n]! * b.imaginary[n]! - a.imaginary[n]! * b.real[n]!;
  }
  const product = transform(real, imaginary);
  return (lag) => product.real[(lag + size) % size]! / size;
}

interface Spectrum {
  readonly real: Float64Array;
  readonly imaginary: Float64Array;
}

/** Radix-2 fast Fourier transform, in place (Cooley and Tukey, 1965). */
function transform(real: Float64Array, imaginary: Float64Array): Spectrum {
  const size = real.length;
  for (let n = 1, reversed = 0; n < size; n++) {
    let bit = size >> 1;
    for (; reversed & bit; bit >>= 1) reversed ^= bit;
    reversed ^= bit;
    if (n < reversed) {
      [real[n], real[reversed]] = [real[reversed]!, real[n]!];
      [imaginary[n], imaginary[reversed]] = [imaginary[reversed]!, imaginary[n]!];
    }
  }
  for (let span = 2; span <= size; span *= 2) butterflies(real, imaginary, span);
  return { real, imaginary };
}

function butterflies(real: Float64Array, imaginary: Float64Array, span: number): void {
  const half = span / 2;
  for (let k = 0; k < half; k++) {
    const cosine = Math.cos((2 * Math.PI * k) / span);
    const sine = -Math.sin((2 * Math.PI * k) / span);
    for (let at = k; at < real.length; at += span) {
      const other = at + half;
      const x = real[other]! * cosine - imaginary[other]! * sine;
      const y = real[other]! * sine + imaginary[other]! * cosine;
      real[other] = real[at]! - x;
      imaginary[other] = imaginary[at]! - y;
      real[at] = real[at]! + x;
      imaginary[at] = imaginary[at]! + y;
    }
  }
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
