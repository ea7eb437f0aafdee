import { clip16, G722Band, highInverseQuantizer, qmfHalf, qmfTaps } from './g722-band.ts';
import { PitchConcealment } from './pitch-concealment.ts';
import type { SpeechDecoder } from './speech-decoder.ts';

/** Inverse of the low band's quantizer (6 bits), in 1/1024 of the scale factor. */
const lowInverseQuantizer6 = Int16Array.of(
  ...[-17, -17, -17, -17, -3101, -2738, -2376, -2088, -1873, -1689, -1535, -1399, -1279, -1170, -1072, -982],
  ...[-899, -822, -750, -682, -618, -558, -501, -447, -396, -347, -300, -254, -211, -170, -130, -91],
  ...[3101, 2738, 2376, 2088, 1873, 1689, 1535, 1399, 1279, 1170, 1072, 982, 899, 822, 750, 682],
  ...[618, 558, 501, 447, 396, 347, 300, 254, 211, 170, 130, 91, 54, 17, -54, -17],
);

/** What a reconstructed signal of either band is held within (ITU-T G.722 blocks 6L and LIMIT of the high band). */
function limited(value: number): number {
  return value < -16_384 ? -16_384 : value > 16_383 ? 16_383 : value;
}

/**
 * G.722 at 64 kbit/s (mode 1), an octet for two samples at 16000 Hz. For a recording at 8000 Hz only the low
 * sub-band is decoded, which is the signal below 4 kHz at that rate, for half the work.
 */
export class G722Decoder implements SpeechDecoder {
  readonly pending = 0;
  readonly #wide: boolean;
  readonly #concealment: PitchConcealment;
  #low = G722Band.low();
  #high = G722Band.high();
  /** The 24 last sums and differences of the bands, newest last, written twice so that they lie in one piece. */
  readonly #history = new Int16Array(2 * qmfTaps);
  #at = 0;

  constructor(sampleRate: 8000 | 16_000) {
    this.#wide = sampleRate === 16_000;
    this.#concealment = new PitchConcealment(sampleRate);
  }

  samplesIn(_bytes: Uint8Array, _from: number, length: number): number {
    return this.#wide ? 2 * length : length;
  }

  decode(bytes: Uint8Array, from: number, length: number, target: Int16Array): number {
    const count = this.#wide
      ? this.#decodeBoth(bytes, from, Math.min(length, target.length >> 1), target)
      : this.#decodeLow(bytes, from, Math.min(length, target.length), target);
    this.#concealment.heard(target, count);
    return count;
  }

  redundantIn(): number {
    return 0;
  }

  recover(): number {
    return 0;
  }

  conceal(count: number, target: Int16Array): number {
    this.#concealment.conceal(count, target);
    return count;
  }

  drain(): number {
    return 0;
  }

  reset(): void {
    this.#low = G722Band.low();
    this.#high = G722Band.high();
    this.#history.fill(0);
    this.#concealment.reset();
  }

  release(): void {
    this.reset();
  }

  #decodeLow(bytes: Uint8Array, from: number, octets: number, target: Int16Array): number {
    for (let i = 0; i < octets; i++)
      target[i] = clip16(2 * this.#lowSample((bytes[from + i] as number) & 63));
    return octets;
  }

  #decodeBoth(bytes: Uint8Array, from: number, octets: number, target: Int16Array): number {
    for (let i = 0; i < octets; i++) {
      const octet = bytes[from + i] as number;
      const low = this.#lowSample(octet & 63);
      const high = this.#highSample(octet >> 6);
      this.#push(low + high);
      this.#push(low - high);
      this.#synthesize(target, 2 * i);
    }
    return 2 * octets;
  }

  #lowSample(code: number): number {
    const low = this.#low;
    const difference = (low.scaleFactor * (lowInverseQuantizer6[code] as number)) >> 10;
    const sample = limited(difference + low.prediction);
    low.adaptLow(code >> 2);
    return sample;
  }

  #highSample(code: number): number {
    const high = this.#high;
    const difference = (high.scaleFactor * (highInverseQuantizer[code] as number)) >> 10;
    const sample = limited(difference + high.prediction);
    high.adaptHigh(code);
    return sample;
  }

  #push(sample: number): void {
    this.#history[this.#at] = sample;
    this.#history[this.#at + qmfTaps] = sample;
    this.#at = this.#at === qmfTaps - 1 ? 0 : this.#at + 1;
  }

  /** The receiving quadrature mirror filter: two samples at 16000 Hz. */
  #synthesize(target: Int16Array, at: number): void {
    const history = this.#history;
    const start = this.#at;
    let even = 0;
    let odd = 0;
    for (let i = 0; i < qmfTaps / 2; i++) {
      even += (history[start + 2 * i + 1] as number) * (qmfHalf[11 - i] as number);
      odd += (history[start + 2 * i] as number) * (qmfHalf[i] as number);
    }
    target[at] = clip16(even >> 11);
    target[at + 1] = clip16(odd >> 11);
  }
}
