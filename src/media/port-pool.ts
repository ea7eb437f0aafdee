import type { MonotonicMs } from '../kernel/clock.ts';
import { StreamMemory } from './stream-memory.ts';

/** An even port for RTP and the next for RTCP (RFC 3550 §11), with what its earlier sessions heard. */
export interface PortPair {
  readonly rtpPort: number;
  readonly rtcpPort: number;
  readonly memory: StreamMemory;
}

interface Resting {
  readonly pair: PortPair;
  readonly until: number;
}

/** Pairs that only emergency calls get: enough for four calls, and no more than a sixteenth of a small pool. */
function reserveOf(size: number): number {
  return Math.min(8, Math.floor(size / 16));
}

/**
 * The pairs of one interface. The pair that has been free longest goes out first, and none before it has
 * rested, so that a late packet of its last call meets a closed port.
 */
export class PortPool {
  /** Pairs that could not be bound when they were tried. */
  bindFailures = 0;
  readonly size: number;
  readonly #restMs: number;
  readonly #reserve: number;
  /** A ring: `#count` pairs from `#head` on, the longest free first. */
  readonly #ring: (Resting | undefined)[];
  #head = 0;
  #count = 0;

  /** `firstPort` is even and both bounds belong to the pool. */
  constructor(firstPort: number, lastPort: number, restMs: number) {
    this.size = Math.max(0, Math.floor((lastPort - firstPort + 1) / 2));
    this.#restMs = restMs;
    this.#reserve = reserveOf(this.size);
    this.#ring = new Array<Resting | undefined>(this.size);
    for (let i = 0; i < this.size; i++) {
      const rtpPort = firstPort + 2 * i;
      this.#put({ rtpPort, rtcpPort: rtpPort + 1, memory: new StreamMemory() }, Number.NEGATIVE_INFINITY);
    }
  }

  /**
   * Null: every pair is in use or resting, or kept back. Who is `urgent` gets what is kept back, and pairs that rest:
   * a stray packet is better than no call for help.
   */
  take(now: MonotonicMs, urgent = false): PortPair | null {
    const oldest = this.#ring[this.#head];
    if (oldest === undefined || this.#count <= (urgent ? 0 : this.#reserve)) return null;
    if (!urgent && oldest.until > now) return null;
    this.#ring[this.#head] = undefined;
    this.#head = (this.#head + 1) % this.size;
    this.#count -= 1;
    return oldest.pair;
  }

  free(pair: PortPair, now: MonotonicMs): void {
    this.#put(pair, now + this.#restMs);
  }

  /** Some other program holds the pair: it is passed over now and tried again after a rest. */
  skip(pair: PortPair, now: MonotonicMs): void {
    this.bindFailures += 1;
    this.free(pair, now);
  }

  #put(pair: PortPair, until: number): void {
    this.#ring[(this.#head + this.#count) % this.size] = { pair, until };
    this.#count += 1;
  }
}
