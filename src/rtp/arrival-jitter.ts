import { timestampDelta } from './sequence.ts';

/** A step of the sender's clock against ours beyond this is a pause or another stream, not jitter, ms. */
const breakMs = 1000;

/**
 * Interarrival jitter by RFC 3550 §A.8, in milliseconds. Packets that repeat a timestamp are left out: those
 * of one telephone event share that of its start (RFC 4733 §2.2), and would look like jitter.
 */
export class ArrivalJitter {
  /** The estimate now. */
  currentMs = 0;
  maxMs = 0;
  #packets = 0;
  #sum = 0;
  #timestamp = 0;
  #arrivedAt = -1;

  /** What follows is another stream. */
  restart(): void {
    this.#arrivedAt = -1;
  }

  /** A packet's timestamp and clock rate, and when it came, ms. */
  count(timestamp: number, clockRate: number, arrivedAt: number): void {
    const before = this.#arrivedAt;
    const ticks = timestampDelta(this.#timestamp, timestamp);
    if (before >= 0 && ticks === 0) return;
    this.#timestamp = timestamp;
    this.#arrivedAt = arrivedAt;
    if (before < 0) return;
    const step = Math.abs(arrivedAt - before - (1000 * ticks) / clockRate);
    if (step > breakMs) return;
    this.currentMs += (step - this.currentMs) / 16;
    this.#packets += 1;
    this.#sum += this.currentMs;
    if (this.currentMs > this.maxMs) this.maxMs = this.currentMs;
  }

  /** Over all packets. */
  get meanMs(): number {
    return this.#packets === 0 ? 0 : this.#sum / this.#packets;
  }
}
