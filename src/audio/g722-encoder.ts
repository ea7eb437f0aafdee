import { clip16, G722Band, qmfHalf, qmfTaps } from './g722-band.ts';

/** Decision levels of the low band's quantizer (60 levels, so 29 a sign), in 1/1024 of the scale factor. */
const lowLevels = Int16Array.of(
  ...[35, 72, 110, 150, 190, 233, 276, 323, 370, 422, 473, 530, 587, 650, 714],
  ...[786, 858, 940, 1023, 1121, 1219, 1339, 1458, 1612, 1765, 1980, 2195, 2557, 2919],
);
/** The high band's only one, in 1/256. */
const highLevel = 141;

/** G.722 at 64 kbit/s (mode 1): 16000 Hz in, an octet for two samples out. One stream; it has memory. */
export class G722Encoder {
  readonly #low = G722Band.low();
  readonly #high = G722Band.high();
  /** The 24 last samples, newest last, written twice so that they lie in one piece. */
  readonly #history = new Int16Array(2 * qmfTaps);
  #at = 0;

  /** Encodes 2 * `octets` samples from `from` on. *Borrows* both arrays until return. */
  encode(samples: Int16Array, from: number, octets: number, target: Uint8Array, at: number): void {
    for (let i = 0; i < octets; i++) {
      target[at + i] = this.#octet(samples[from + 2 * i] as number, samples[from + 2 * i + 1] as number);
    }
  }

  #octet(first: number, second: number): number {
    this.#push(first);
    this.#push(second);
    let even = 0;
    let odd = 0;
    const history = this.#history;
    for (let i = 0; i < qmfTaps / 2; i++) {
      even += (history[this.#at + 2 * i + 1] as number) * (qmfHalf[11 - i] as number);
      odd += (history[this.#at + 2 * i] as number) * (qmfHalf[i] as number);
    }
    const high = this.#highCode((even - odd) >> 14);
    const low = this.#lowCode((even + odd) >> 14);
    this.#high.adaptHigh(high);
    this.#low.adaptLow(low >> 2);
    return (high << 6) | low;
  }

  #push(sample: number): void {
    this.#history[this.#at] = sample;
    this.#history[this.#at + qmfTaps] = sample;
    this.#at = this.#at === qmfTaps - 1 ? 0 : this.#at + 1;
  }

  #highCode(sample: number): number {
    const difference = clip16(sample - this.#high.prediction);
    const magnitude = difference < 0 ? -difference - 1 : difference;
    const within = magnitude < (highLevel * this.#high.scaleFactor) >> 8 ? 1 : 0;
    return difference < 0 ? within : 2 + within;
  }

  #lowCode(sample: number): number {
    const difference = clip16(sample - this.#low.prediction);
    const magnitude = ((difference < 0 ? -difference - 1 : difference) + 1) << 10;
    let level = 0;
    while (level < lowLevels.length && magnitude > (lowLevels[level] as number) * this.#low.scaleFactor) {
      level += 1;
    }
    if (difference >= 0) return 61 - level;
    return level < 2 ? 63 - level : 33 - level;
  }
}
