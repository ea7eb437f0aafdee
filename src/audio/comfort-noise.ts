import { Upsampler } from './upsampler.ts';

/** RFC 3389 §3.1: the level is 0 to 127 dB below overload, which is a square wave of full scale. */
const overload = 32_767;
/** Reflection coefficients beyond these shape nothing that is heard; RFC 3389 §3.2 lets a receiver leave them out. */
const mostCoefficients = 10;
/** RFC 3389 §3.2: k = 258 * (N - 127) / 32768 for N from 0 to 254. */
const coefficientStep = 258 / 32_768;
/** Samples made at once where the noise is brought to another rate. */
const blockSamples = 160;
/** White noise, uniform within 1, has a third of that power. */
const uniformGain = Math.sqrt(3);

/** The background that a party describes instead of sending it (RFC 3389): noise of its level and spectrum. */
export class ComfortNoise {
  readonly #sampleRate: number;
  readonly #coefficients = new Float64Array(mostCoefficients);
  /** The lattice's backward errors. */
  readonly #memory = new Float64Array(mostCoefficients + 1);
  #order = 0;
  #gain = 0;
  #seed = 0x2545f491;
  #upsampler: Upsampler | null = null;
  #factor = 1;
  #block = new Int16Array(0);
  #blockLength = 0;
  #blockAt = 0;

  constructor(sampleRate: number) {
    this.#sampleRate = sampleRate;
  }

  /**
   * Takes a payload: the level, then the coefficients, for a signal at `clockRate`. Where that is above the
   * recording's rate, the spectrum would lie elsewhere, and the level alone is used.
   */
  describe(bytes: Uint8Array, from: number, length: number, clockRate: number): void {
    if (length < 1) return;
    const level = (bytes[from] as number) & 0x7f;
    const isShaped = clockRate <= this.#sampleRate;
    this.#order = isShaped ? Math.min(length - 1, mostCoefficients) : 0;
    // All-pole synthesis multiplies the power by the inverse of each 1 - k².
    let power = 1;
    for (let i = 0; i < this.#order; i++) {
      const code = Math.min(254, bytes[from + 1 + i] as number);
      const k = coefficientStep * (code - 127);
      this.#coefficients[i] = k;
      power *= 1 - k * k;
    }
    this.#gain = overload * 10 ** (-level / 20) * uniformGain * Math.sqrt(power);
    this.#useRate(isShaped ? this.#sampleRate / clockRate : 1);
  }

  next(): number {
    if (this.#upsampler === null) return this.#shaped();
    if (this.#blockAt === this.#blockLength) this.#makeBlock(this.#upsampler);
    return this.#block[this.#blockAt++] as number;
  }

  #useRate(factor: number): void {
    if (factor === this.#factor) return;
    this.#factor = factor;
    this.#upsampler = factor === 1 ? null : new Upsampler(factor);
    this.#block = new Int16Array(factor === 1 ? 0 : blockSamples * factor);
    this.#blockLength = 0;
    this.#blockAt = 0;
  }

  #makeBlock(upsampler: Upsampler): void {
    const noise = new Int16Array(blockSamples);
    for (let i = 0; i < blockSamples; i++) noise[i] = this.#shaped();
    this.#blockLength = upsampler.push(noise, blockSamples, this.#block);
    this.#blockAt = 0;
  }

  /** White noise through the lattice of 1 / A(z), A(z) built up from the reflection coefficients. */
  #shaped(): number {
    const memory = this.#memory;
    let error = this.#gain * this.#white();
    for (let i = this.#order - 1; i >= 0; i--) {
      const k = this.#coefficients[i] as number;
      error -= k * (memory[i] as number);
      memory[i + 1] = (memory[i] as number) + k * error;
    }
    memory[0] = error;
    return error > 32_767 ? 32_767 : error < -32_768 ? -32_768 : Math.round(error);
  }

  /** Between -1 and 1, by xorshift: nobody may tell it from chance by ear, and nothing depends on it. */
  #white(): number {
    let seed = this.#seed;
    seed ^= seed << 13;
    seed ^= seed >>> 17;
    seed ^= seed << 5;
    this.#seed = seed;
    return seed / 2 ** 31;
  }
}
