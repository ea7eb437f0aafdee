import { extendTimestamp } from '../rtp/sequence.ts';

/**
 * A stream's RTP timestamps, unwrapped and counted in a recording's samples from the stream's first packet
 * on. They begin anywhere (RFC 3550 §5.1), and the clock is the codec's, not the recording's.
 */
export class MediaTimestamps {
  readonly #sampleRate: number;
  /** 0: no packet has said it yet. */
  #clockKhz = 0;
  #first = Number.NaN;
  /** Extended, in ticks: the newest packet's in order. */
  #ticks = 0;

  constructor(sampleRate: number) {
    this.#sampleRate = sampleRate;
  }

  get hasClock(): boolean {
    return this.#clockKhz !== 0;
  }

  /** The next packet is the first of a stream. */
  restart(): void {
    this.#first = Number.NaN;
    this.#clockKhz = 0;
  }

  useClock(clockKhz: number): void {
    this.#clockKhz = clockKhz;
  }

  follows(clockKhz: number): boolean {
    return this.#clockKhz === clockKhz;
  }

  /** Of the next packet in order. */
  next(timestamp: number): number {
    if (Number.isNaN(this.#first)) {
      this.#first = timestamp;
      this.#ticks = timestamp;
    } else this.#ticks = extendTimestamp(this.#ticks, timestamp);
    return this.#samples(this.#ticks);
  }

  /** Of a packet that came out of order. */
  near(timestamp: number): number {
    return this.#samples(extendTimestamp(this.#ticks, timestamp));
  }

  #samples(ticks: number): number {
    return Math.round(((ticks - this.#first) * this.#sampleRate) / (this.#clockKhz * 1000));
  }
}
