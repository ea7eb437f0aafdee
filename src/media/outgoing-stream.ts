import type { MonotonicMs } from '../kernel/clock.ts';
import type { RtpView } from '../rtp/rtp-view.ts';
import { maxMisorder, sequenceAdd, sequenceDelta, timestampAdd } from '../rtp/sequence.ts';

/**
 * The one stream that a party hears from us: one SSRC for the whole call, and numbers that are the source's
 * plus a constant, so that the party sees the loss and reordering there was. When the source changes (prompt
 * to live, another SSRC, after an interruption) the numbers go on behind the last ones: the next sequence
 * number, the timestamp moved by the time gone by, and the marker bit.
 */
export class OutgoingStream {
  readonly ssrc: number;
  /** The numbers of the packet last asked for. */
  sequence: number;
  timestamp: number;
  marker = false;
  /** The least that a new source's timestamp moves on, ms: one packet of the party's packet time. */
  packetMs = 20;
  /** Highest sequence number given out; its timestamp and when that came up. */
  #highest: number;
  #timestamp: number;
  #timestampAt: MonotonicMs | null = null;
  /** The source being relayed; -1: none, the next packet starts one. */
  #sourceSsrc = -1;
  #firstOfSource = 0;
  #sinceFirst = 0;
  #sequenceOffset = 0;
  #timestampOffset = 0;

  /** RFC 3550 §5.1: SSRC and the first numbers are random. */
  constructor(ssrc: number, firstSequence: number, firstTimestamp: number) {
    this.ssrc = ssrc;
    this.sequence = sequenceAdd(firstSequence, -1);
    this.#highest = this.sequence;
    this.timestamp = firstTimestamp;
    this.#timestamp = firstTimestamp;
  }

  /** What comes next is a new source, even from the same SSRC. */
  interrupt(): void {
    this.#sourceSsrc = -1;
  }

  /**
   * Numbers a live packet. False: it is older than the first one of its source, so its number may already
   * have been another source's.
   */
  relay(source: RtpView, clockRate: number, now: MonotonicMs): boolean {
    const fresh = source.ssrc !== this.#sourceSsrc;
    if (fresh) {
      this.#sourceSsrc = source.ssrc;
      this.#firstOfSource = source.sequence;
      this.#sinceFirst = 0;
      this.#sequenceOffset = sequenceDelta(source.sequence, sequenceAdd(this.#highest, 1));
      this.#timestampOffset = this.#nextTimestamp(clockRate, now) - source.timestamp;
    } else if (this.#sinceFirst < maxMisorder) {
      const behind = sequenceDelta(this.#firstOfSource, source.sequence);
      if (behind < 0 && behind >= -maxMisorder) return false;
      this.#sinceFirst += 1;
    }
    this.sequence = sequenceAdd(source.sequence, this.#sequenceOffset);
    this.timestamp = timestampAdd(source.timestamp, this.#timestampOffset);
    this.marker = fresh || source.marker;
    this.#advance(now);
    return true;
  }

  /** Numbers a packet of ours. `first`: it starts a prompt, or goes on after a break. */
  own(first: boolean, ticks: number, clockRate: number, now: MonotonicMs): void {
    this.#sourceSsrc = -1;
    this.sequence = sequenceAdd(this.#highest, 1);
    this.timestamp = first ? this.#nextTimestamp(clockRate, now) : timestampAdd(this.#timestamp, ticks);
    this.marker = first;
    this.#advance(now);
  }

  #nextTimestamp(clockRate: number, now: MonotonicMs): number {
    if (this.#timestampAt === null) return this.#timestamp;
    const passedMs = Math.max(this.packetMs, now - this.#timestampAt);
    return timestampAdd(this.#timestamp, Math.round((passedMs * clockRate) / 1000));
  }

  #advance(now: MonotonicMs): void {
    const ahead = sequenceDelta(this.#highest, this.sequence);
    // Further back than a late packet can be: the sender has started its numbers anew.
    if (ahead <= 0 && ahead >= -maxMisorder) return;
    this.#highest = this.sequence;
    // Packets of one telephone event share the timestamp of its start (RFC 4733 §2.2).
    if (this.#timestampAt !== null && this.timestamp === this.#timestamp) return;
    this.#timestamp = this.timestamp;
    this.#timestampAt = now;
  }
}
