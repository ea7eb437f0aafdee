import { kernelPhases } from './resample.ts';

const kernels = new Map<number, readonly Float64Array[]>();

function kernelOf(factor: number): readonly Float64Array[] {
  const known = kernels.get(factor);
  if (known !== undefined) return known;
  const made = kernelPhases(1, factor);
  kernels.set(factor, made);
  return made;
}

/**
 * A stream of samples at a whole multiple of its rate, by a polyphase filter. Its group delay is taken out:
 * the first sample that comes out lies where the first that went in did, and so does every other. What the
 * filter still waits for is `pending`.
 */
export class Upsampler {
  readonly #factor: number;
  readonly #kernel: readonly Float64Array[];
  /** Input samples that a kernel looks ahead, and back. */
  readonly #half: number;
  /** What the next output needs of the past, then what has come since. */
  #line: Float64Array;
  /** Input samples whose output has not been given. */
  #inside = 0;

  constructor(factor: number) {
    this.#factor = factor;
    this.#kernel = kernelOf(factor);
    this.#half = (this.#kernel[0] as Float64Array).length / 2;
    this.#line = new Float64Array(4 * this.#half);
  }

  /** Output samples that wait for more input. */
  get pending(): number {
    return this.#inside * this.#factor;
  }

  /** Takes `count` samples; returns how many it wrote to the front of `target`. *Borrows* both until return. */
  push(samples: Int16Array, count: number, target: Int16Array): number {
    const end = this.#past + this.#inside;
    this.#makeRoom(end + count);
    for (let i = 0; i < count; i++) this.#line[end + i] = samples[i] as number;
    return this.#give(Math.max(0, this.#inside + count - this.#half), count, target);
  }

  /** Gives out what is pending, as if silence followed, and forgets the stream. */
  drain(target: Int16Array): number {
    const end = this.#past + this.#inside;
    this.#makeRoom(end + this.#half);
    this.#line.fill(0, end, end + this.#half);
    const written = this.#give(this.#inside, 0, target);
    this.reset();
    return written;
  }

  reset(): void {
    this.#line.fill(0);
    this.#inside = 0;
  }

  get #past(): number {
    return this.#half - 1;
  }

  #makeRoom(length: number): void {
    if (length <= this.#line.length) return;
    const line = new Float64Array(length);
    line.set(this.#line);
    this.#line = line;
  }

  /** The output of the `ready` oldest input samples, after `added` have come. */
  #give(ready: number, added: number, target: Int16Array): number {
    const line = this.#line;
    let at = 0;
    for (let i = 0; i < ready; i++) {
      for (const kernel of this.#kernel) {
        let sum = 0;
        for (let k = 0; k < kernel.length; k++) sum += (kernel[k] as number) * (line[i + k] as number);
        target[at++] = sum > 32_767 ? 32_767 : sum < -32_768 ? -32_768 : Math.round(sum);
      }
    }
    this.#inside += added - ready;
    line.copyWithin(0, ready, ready + this.#past + this.#inside);
    return at;
  }
}
