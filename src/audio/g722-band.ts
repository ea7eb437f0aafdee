/** Half of the 24 coefficients of the quadrature mirror filter, which is symmetric (ITU-T G.722). */
export const qmfHalf = Int16Array.of(3, -11, 12, 32, -210, 951, 3876, -805, 362, -156, 53, -11);
export const qmfTaps = 24;

/** Inverse of the high band's quantizer (2 bits), in 1/1024 of the scale factor. */
export const highInverseQuantizer = Int16Array.of(-926, -202, 926, 202);

/** Inverse of the low band's, by the upper 4 of its 6 bits: what adapts the predictor. */
const lowInverseQuantizer4 = Int16Array.of(
  ...[0, -2557, -1612, -1121, -786, -530, -323, -150],
  ...[2557, 1612, 1121, 786, 530, 323, 150, 0],
);

/** The logarithmic scale factor's step, by the same 4 bits, and by the lower bit of the high band's 2. */
const lowLogStep = Int16Array.of(
  ...[-60, 3042, 1198, 538, 334, 172, 58, -30],
  ...[3042, 1198, 538, 334, 172, 58, -30, -60],
);
const highLogStep = Int16Array.of(798, -214);
const highestLogLow = 18_432;
const highestLogHigh = 22_528;

/** 2^(i/32) in 1/2048. */
const inverseLog2 = Int16Array.of(
  ...[2048, 2093, 2139, 2186, 2233, 2282, 2332, 2383, 2435, 2489, 2543, 2599, 2656, 2714, 2774, 2834],
  ...[2896, 2960, 3025, 3091, 3158, 3228, 3298, 3371, 3444, 3520, 3597, 3676, 3756, 3838, 3922, 4008],
);

/**
 * One sub-band's predictor and scale factor (ITU-T G.722), which encoder and decoder run alike. All
 * values are integers of the Recommendation's word lengths.
 */
export class G722Band {
  /** What the next sample is expected to be. */
  prediction = 0;
  scaleFactor: number;
  #log = 0;
  #zeroPart = 0;
  readonly #zeros = new Int16Array(6);
  /** The six last quantized differences, doubled. */
  readonly #differences = new Int32Array(6);
  #pole1 = 0;
  #pole2 = 0;
  #reconstructed = 0;
  /** Signs of the two last partly reconstructed signals; true: negative. */
  #sign1 = false;
  #sign2 = false;

  private constructor(scaleFactor: number) {
    this.scaleFactor = scaleFactor;
  }

  static low(): G722Band {
    return new G722Band(8);
  }

  static high(): G722Band {
    return new G722Band(2);
  }

  /** Adapts the low band to a code's upper 4 bits. */
  adaptLow(code4: number): void {
    this.#predict((this.scaleFactor * (lowInverseQuantizer4[code4] as number)) >> 10);
    this.#scale(lowLogStep[code4] as number, highestLogLow, 8);
  }

  /** Adapts the high band to a code of 2 bits. */
  adaptHigh(code2: number): void {
    this.#predict((this.scaleFactor * (highInverseQuantizer[code2] as number)) >> 10);
    this.#scale(highLogStep[code2 & 1] as number, highestLogHigh, 10);
  }

  #scale(step: number, highest: number, fraction: number): void {
    this.#log = clip(((this.#log * 127) >> 7) + step, 0, highest);
    const mantissa = inverseLog2[(this.#log >> 6) & 31] as number;
    const shift = (this.#log >> 11) - fraction;
    this.scaleFactor = shift < 0 ? mantissa >> -shift : mantissa << shift;
  }

  /** Two poles, six zeros, each moved by the sign of what it predicted. */
  #predict(difference: number): void {
    const sign = this.#zeroPart + difference < 0;
    const same1 = sign === this.#sign1 ? -1 : 1;
    const same2 = sign === this.#sign2 ? 1 : -1;
    this.#sign2 = this.#sign1;
    this.#sign1 = sign;
    const steered = (same1 * clip(this.#pole1, -8191, 8191)) >> 5;
    this.#pole2 = clip(steered + same2 * 128 + ((this.#pole2 * 127) >> 7), -12_288, 12_288);
    const limit = 15_360 - this.#pole2;
    this.#pole1 = clip(-192 * same1 + ((this.#pole1 * 255) >> 8), -limit, limit);
    this.#moveZeros(difference);
    const before = this.#reconstructed;
    this.#reconstructed = clip16((this.prediction + difference) * 2);
    const poles = ((this.#pole1 * this.#reconstructed) >> 15) + ((this.#pole2 * before) >> 15);
    this.prediction = clip16(this.#zeroPart + poles);
  }

  #moveZeros(difference: number): void {
    const zeros = this.#zeros;
    const differences = this.#differences;
    const step = difference === 0 ? 0 : 128;
    let sum = 0;
    for (let i = 5; i >= 0; i--) {
      const opposed = ((differences[i] as number) ^ difference) < 0;
      zeros[i] = (((zeros[i] as number) * 255) >> 8) + (opposed ? -step : step);
      const next = i === 0 ? difference * 2 : (differences[i - 1] as number);
      differences[i] = next;
      sum += (next * (zeros[i] as number)) >> 15;
    }
    this.#zeroPart = sum;
  }
}

export function clip16(value: number): number {
  return clip(value, -32_768, 32_767);
}

function clip(value: number, least: number, most: number): number {
  return value < least ? least : value > most ? most : value;
}
