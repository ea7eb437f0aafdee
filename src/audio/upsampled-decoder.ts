import type { SpeechDecoder } from './speech-decoder.ts';
import { Upsampler } from './upsampler.ts';

/** More than the longest packet of G.722 that is relayed holds, at the decoder’s own rate. */
const longestSamples = 4096;

/** A decoder at a whole multiple of its own rate: a narrow leg in a wide recording. */
export class UpsampledDecoder implements SpeechDecoder {
  readonly #inner: SpeechDecoder;
  readonly #factor: number;
  readonly #upsampler: Upsampler;
  readonly #samples = new Int16Array(longestSamples);

  constructor(inner: SpeechDecoder, factor: number) {
    this.#inner = inner;
    this.#factor = factor;
    this.#upsampler = new Upsampler(factor);
  }

  get pending(): number {
    return this.#upsampler.pending;
  }

  samplesIn(bytes: Uint8Array, from: number, length: number): number {
    return this.#inner.samplesIn(bytes, from, length) * this.#factor;
  }

  decode(bytes: Uint8Array, from: number, length: number, target: Int16Array): number {
    const count = this.#inner.decode(bytes, from, length, this.#samples);
    return count < 0 ? -1 : this.#upsampler.push(this.#samples, count, target);
  }

  redundantIn(): number {
    return 0;
  }

  recover(): number {
    return 0;
  }

  conceal(count: number, target: Int16Array): number {
    const made = this.#inner.conceal(Math.floor(count / this.#factor), this.#samples);
    return this.#upsampler.push(this.#samples, made, target);
  }

  drain(target: Int16Array): number {
    return this.#upsampler.drain(target);
  }

  reset(): void {
    this.#upsampler.reset();
    this.#inner.reset();
  }

  release(): void {
    this.#inner.release();
  }
}
