/** Hz (ITU-T Q.23): a digit is one tone of the low group and one of the high group. */
const lowGroup = [697, 770, 852, 941] as const;
const highGroup = [1209, 1336, 1477, 1633] as const;
const groupSize = 4;

/** The rate at which tones are looked for; a higher one is averaged down to it, since they end at 1633 Hz. */
const analysisRate = 8000;
/**
 * A window is two blocks, 13 ms: neighbours in a group lie near the zeros of its spectrum, and a tone that is
 * 1.5 % off (ITU-T Q.24) still in its main lobe.
 */
const blockSamples = 52;
const windowSamples = 2 * blockSamples;

/** Of each tone, of 32767: about -37 dBm0, far below the -25 dBm0 down to which Q.24 wants digits to be known. */
const leastAmplitude = 300;
/** The pair's share of all power in the window: speech spreads its own. */
const leastShare = 0.72;
/** Power over that of any other tone of the group: 8 dB. */
const leastLead = 6.3;
/** Twist (Q.24), as power: the high tone at most 4 dB above the low one, or 8 dB below it. */
const mostAbove = 2.5;
const mostBelow = 6.3;

const coefficients = Float64Array.from(
  [...lowGroup, ...highGroup],
  (hertz) => 2 * Math.cos((2 * Math.PI * hertz) / analysisRate),
);

/**
 * Says of each block of a stream whether the window that ends with it holds a pair of DTMF tones, by
 * Goertzel's algorithm. It has memory: one for each stream.
 */
export class DtmfDetector {
  /** Samples of the stream in a block. */
  readonly blockLength: number;
  readonly #factor: number;
  readonly #window = new Float64Array(windowSamples);
  readonly #powers = new Float64Array(2 * groupSize);

  /** `sampleRate`: a multiple of 8000 Hz. */
  constructor(sampleRate: number) {
    this.#factor = sampleRate / analysisRate;
    this.blockLength = blockSamples * this.#factor;
  }

  /** Takes a block from `from` on. Returns which of the 16 pairs it is, from 1 on; 0: none. *Borrows* the samples. */
  block(samples: Int16Array, from: number): number {
    const factor = this.#factor;
    this.#window.copyWithin(0, blockSamples);
    for (let i = 0; i < blockSamples; i++) {
      let sum = 0;
      for (let k = 0; k < factor; k++) sum += samples[from + i * factor + k] as number;
      this.#window[blockSamples + i] = sum / factor;
    }
    return this.#pair();
  }

  #pair(): number {
    let energy = 0;
    for (const sample of this.#window) energy += sample * sample;
    // Of a tone of amplitude A, the powers below are (A * windowSamples / 2)², and the energy A² * windowSamples / 2.
    const leastPower = ((leastAmplitude * windowSamples) / 2) ** 2;
    if (energy * windowSamples < 4 * leastPower) return 0;
    for (const [i, coefficient] of coefficients.entries())
      this.#powers[i] = goertzel(this.#window, coefficient);
    const low = this.#strongest(0);
    const high = this.#strongest(groupSize);
    if (low < 0 || high < 0) return 0;
    const lowPower = this.#powers[low] as number;
    const highPower = this.#powers[high] as number;
    if (lowPower < leastPower || highPower < leastPower) return 0;
    if (highPower > mostAbove * lowPower || lowPower > mostBelow * highPower) return 0;
    if (2 * (lowPower + highPower) < leastShare * energy * windowSamples) return 0;
    return 1 + low * groupSize + (high - groupSize);
  }

  /** Index of the tone of the group that leads all others; -1: none does. */
  #strongest(first: number): number {
    let best = first;
    for (let i = first + 1; i < first + groupSize; i++) {
      if ((this.#powers[i] as number) > (this.#powers[best] as number)) best = i;
    }
    for (let i = first; i < first + groupSize; i++) {
      if (i !== best && leastLead * (this.#powers[i] as number) > (this.#powers[best] as number)) return -1;
    }
    return best;
  }
}

/** Squared magnitude of the window's spectrum at one frequency. */
function goertzel(window: Float64Array, coefficient: number): number {
  let before = 0;
  let last = 0;
  for (const sample of window) {
    const next = sample + coefficient * last - before;
    before = last;
    last = next;
  }
  return last * last + before * before - coefficient * last * before;
}
