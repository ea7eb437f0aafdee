import { z } from 'zod';
import type { AudioShape } from '../audio/audio-encoder.ts';
import type { WavCoding } from '../audio/audio-format.ts';
import { linearSamples } from '../audio/linear-samples.ts';
import { wavEncoder } from '../audio/wav-encoder.ts';
import { parseJson } from './spool-format.ts';

const count = z.number().int().nonnegative();

/** A channel each: least and greatest in turn, `2 * length` values. The last bucket may hold fewer samples. */
const data = z.array(z.array(z.number().int()));

const peaksFile = z.object({ sampleRate: count, samplesPerBucket: count, bits: count, length: count, data });

/** A waveform to draw: the least and the greatest sample of each channel in buckets of equal length. */
export type Peaks = Readonly<z.output<typeof peaksFile>>;

/** What is kept of a waveform; null: something else. */
export function readPeaks(text: string): Peaks | null {
  return peaksFile.safeParse(parseJson(text)).data ?? null;
}

const firstBucketSeconds = 0.1;
/** Once so many are full two become one: a recording of any length has half of it to all of it. */
const bucketLimit = 2048;
const firstCapacity = 64;

/** Follows a recording sample by sample, in memory that has a limit. */
export class PeakMeter {
  readonly #shape: AudioShape;
  /** Values a bucket: least and greatest of each channel. */
  readonly #stride: number;
  #samplesPerBucket: number;
  #values: Int16Array;
  /** Full buckets, and samples in the one that is being filled. */
  #full = 0;
  #filled = 0;

  constructor(shape: AudioShape) {
    this.#shape = shape;
    this.#stride = 2 * shape.channels;
    this.#samplesPerBucket = firstBucketSeconds * shape.sampleRate;
    this.#values = new Int16Array(firstCapacity * this.#stride);
  }

  /** Takes interleaved samples in their order. *Borrows* them until return. */
  add(samples: Int16Array): void {
    const { channels } = this.#shape;
    const count = samples.length / channels;
    for (let at = 0; at < count; ) {
      if (this.#filled === this.#samplesPerBucket) this.#nextBucket();
      const taken = Math.min(count - at, this.#samplesPerBucket - this.#filled);
      for (let channel = 0; channel < channels; channel++)
        this.#fold(samples, at * channels + channel, (at + taken) * channels, channel);
      this.#filled += taken;
      at += taken;
    }
  }

  /** As they are once the samples were coded so: a law rounds, and keeps the order of what it rounds. */
  peaks(coding: WavCoding): Peaks {
    const { channels, sampleRate } = this.#shape;
    const length = this.#full + (this.#filled > 0 ? 1 : 0);
    const linear = this.#values.subarray(0, length * this.#stride);
    const values = linearSamples(wavEncoder(this.#shape, coding).encode(linear), coding);
    const data = Array.from({ length: channels }, (_, channel) =>
      Array.from({ length: 2 * length }, (_, i) => {
        const bucket = i >> 1;
        return values[bucket * this.#stride + 2 * channel + (i & 1)] as number;
      }),
    );
    return { sampleRate, samplesPerBucket: this.#samplesPerBucket, bits: 16, length, data };
  }

  #fold(samples: Int16Array, from: number, to: number, channel: number): void {
    const place = this.#full * this.#stride + 2 * channel;
    const first = this.#filled === 0;
    let least = first ? 32767 : (this.#values[place] as number);
    let greatest = first ? -32768 : (this.#values[place + 1] as number);
    const step = this.#shape.channels;
    for (let i = from; i < to; i += step) {
      const sample = samples[i] as number;
      if (sample < least) least = sample;
      if (sample > greatest) greatest = sample;
    }
    this.#values[place] = least;
    this.#values[place + 1] = greatest;
  }

  #nextBucket(): void {
    this.#full += 1;
    this.#filled = 0;
    if (this.#full === bucketLimit) this.#halve();
    if ((this.#full + 1) * this.#stride <= this.#values.length) return;
    const grown = new Int16Array(2 * this.#values.length);
    grown.set(this.#values);
    this.#values = grown;
  }

  #halve(): void {
    this.#full = bucketLimit / 2;
    this.#samplesPerBucket *= 2;
    const values = this.#values;
    const stride = this.#stride;
    for (let bucket = 0; bucket < this.#full; bucket++) {
      for (let i = 0; i < stride; i++) {
        const one = values[2 * bucket * stride + i] as number;
        const two = values[(2 * bucket + 1) * stride + i] as number;
        values[bucket * stride + i] = i % 2 === 0 ? Math.min(one, two) : Math.max(one, two);
      }
    }
  }
}
