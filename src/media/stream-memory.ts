import type { MonotonicMs } from '../kernel/clock.ts';
import { timestampDelta } from '../rtp/sequence.ts';

/** A stream that came to a pair of ports, as it was when last seen. */
export interface RememberedStream {
  readonly ssrc: number;
  readonly address: string;
  readonly port: number;
  timestamp: number;
  clockRate: number;
  /** When it was last accepted. */
  at: MonotonicMs;
}

/** A pair remembers this many streams; the oldest goes first. */
const capacity = 8;
/** How far a stream's clock and ours may have drifted apart before it counts as another stream, ms. */
const slackMs = 1000;

/**
 * The streams of a pair of ports' earlier sessions. A sender that was never told that its call ended would
 * else be heard in the next call on the same ports.
 */
export class StreamMemory {
  readonly #streams: RememberedStream[] = [];

  /** *Takes* the stream. */
  remember(stream: RememberedStream): void {
    const known = this.#find(stream.ssrc, stream.address, stream.port);
    if (known !== null) this.#streams.splice(this.#streams.indexOf(known), 1);
    this.#streams.push(stream);
    if (this.#streams.length > capacity) this.#streams.shift();
  }

  knowsSsrc(ssrc: number): boolean {
    for (const stream of this.#streams) if (stream.ssrc === ssrc) return true;
    return false;
  }

  knowsSource(address: string, port: number): boolean {
    for (const stream of this.#streams) if (stream.port === port && stream.address === address) return true;
    return false;
  }

  /**
   * Whether a packet goes on with a remembered stream of the same SSRC, address and port: its timestamp lies
   * where a stream that ran on, or paused, can be by now. There are senders that give each call the same SSRC;
   * their new call starts elsewhere on the clock.
   */
  continues(ssrc: number, address: string, port: number, timestamp: number, now: MonotonicMs): boolean {
    const known = this.#find(ssrc, address, port);
    if (known === null) return false;
    const aheadMs = (1000 * timestampDelta(known.timestamp, timestamp)) / known.clockRate;
    return aheadMs >= -slackMs && aheadMs <= now - known.at + slackMs;
  }

  #find(ssrc: number, address: string, port: number): RememberedStream | null {
    for (const stream of this.#streams) {
      if (stream.ssrc === ssrc && stream.port === port && stream.address === address) return stream;
    }
    return null;
  }
}
