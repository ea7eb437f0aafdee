import type { MonotonicMs } from '../kernel/clock.ts';
import type { RtpView } from '../rtp/rtp-view.ts';
import {
  extendSequence,
  maxDropout,
  isSequenceJump,
  maxMisorder,
  sequenceAdd,
  sequenceDelta,
  timestampAdd,
} from '../rtp/sequence.ts';

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
  /**
   * A source that starts its numbers anew is a new source. SRTP needs it: who receives it takes no number far behind, and
   * takes one far ahead for one far behind (RFC 3711 §3.3.1).
   */
  orderly = false;
  /** Counts the changes of offset: what was said of one such stretch does not go on in the next. */
  stretch = 0;
  /** Highest sequence number given out, unwrapped; its timestamp and when that came up. */
  #highest: number;
  #timestamp: number;
  #timestampAt: MonotonicMs | null = null;
  #clockRate = 0;
  #first: number;
  /** The source being relayed; -1: none, the next packet starts one. */
  #sourceSsrc = -1;
  #firstOfSource = 0;
  #sinceFirst = 0;
  /** Out minus in, both unwrapped. */
  #sequenceOffset = 0;
  #timestampOffset = 0;
  /** Unwrapped, of the source that was relayed last, so that its cycles go on after an interruption. */
  #relayedSsrc = -1;
  #relayedHighest = 0;
  /** The first number out of this stretch. */
  #firstOfStretch: number;

  /** RFC 3550 §5.1: SSRC and the first numbers are random. */
  constructor(ssrc: number, firstSequence: number, firstTimestamp: number) {
    this.ssrc = ssrc;
    this.sequence = sequenceAdd(firstSequence, -1);
    this.#first = this.#firstOfStretch = firstSequence;
    this.#highest = firstSequence - 1;
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
    const fresh = source.ssrc !== this.#sourceSsrc || (this.orderly && this.#jumps(source.sequence));
    if (fresh) this.#rebase(source, clockRate, now);
    else if (this.#sinceFirst < maxMisorder) {
      const behind = sequenceDelta(this.#firstOfSource, source.sequence);
      const isLate = behind < 0 && behind >= -maxMisorder && !this.#jumps(source.sequence);
      if (isLate) return false;
      this.#sinceFirst += 1;
    }
    this.sequence = sequenceAdd(source.sequence, this.#sequenceOffset);
    this.timestamp = timestampAdd(source.timestamp, this.#timestampOffset);
    this.marker = fresh || source.marker;
    this.#clockRate = clockRate;
    this.#advance(now);
    return true;
  }

  /** Numbers a packet of ours. `first`: it starts a prompt, or goes on after a break. */
  own(first: boolean, ticks: number, clockRate: number, now: MonotonicMs): void {
    this.#sourceSsrc = -1;
    this.sequence = sequenceAdd(this.#highest & 0xffff, 1);
    this.timestamp = first ? this.#nextTimestamp(clockRate, now) : timestampAdd(this.#timestamp, ticks);
    this.marker = first;
    this.#clockRate = clockRate;
    this.#advance(now);
  }

  /** Of the packet numbered last, unwrapped. */
  get extended(): number {
    return this.#highest;
  }

  get clockRate(): number {
    return this.#clockRate;
  }

  /** The unwrapped number that a report means by its highest; -1 where no such number was given out. */
  reported(highest: number): number {
    const extended = extendSequence(this.#highest, highest & 0xffff);
    return extended <= this.#highest && extended >= this.#first ? extended : -1;
  }

  /** How many numbers were given out up to an unwrapped one. */
  countTo(extended: number): number {
    return extended - this.#first + 1;
  }

  /** Whether the party has heard nothing before this stretch. */
  get isWhole(): boolean {
    return this.#firstOfStretch === this.#first;
  }

  /** The source whose packets go out now; -1: none, or what went out last is ours. */
  get source(): number {
    return this.#sourceSsrc;
  }

  /** The number, with its cycles, that the source itself gave a packet; -1 where the packet was not of this stretch. */
  sourceSequence(extended: number): number {
    if (this.#sourceSsrc < 0 || extended < this.#firstOfStretch || extended > this.#highest) return -1;
    return extended - this.#sequenceOffset;
  }

  /** A timestamp of the source's clock, as the party hears it. */
  timestampOfSource(timestamp: number): number {
    return timestampAdd(timestamp, this.#timestampOffset);
  }

  /** Where the stream's clock stands now. */
  timestampAt(now: MonotonicMs): number {
    if (this.#timestampAt === null) return this.#timestamp;
    return timestampAdd(this.#timestamp, Math.round(((now - this.#timestampAt) * this.#clockRate) / 1000));
  }

  #rebase(source: RtpView, clockRate: number, now: MonotonicMs): void {
    const goesOn = source.ssrc === this.#relayedSsrc;
    const unwrapped = goesOn ? extendSequence(this.#relayedHighest, source.sequence) : source.sequence;
    this.#sourceSsrc = this.#relayedSsrc = source.ssrc;
    this.#relayedHighest = unwrapped;
    this.#firstOfSource = source.sequence;
    this.#sinceFirst = 0;
    this.#sequenceOffset = this.#highest + 1 - unwrapped;
    this.#timestampOffset = this.#nextTimestamp(clockRate, now) - source.timestamp;
    this.#firstOfStretch = this.#highest + 1;
    this.stretch += 1;
  }

  /** The same offset, and nothing from before can be told from what comes. */
  #startAnew(): void {
    // Unwrapped numbers stay above zero, here and at the source: 65,536 changes neither of them on the wire.
    if (this.#highest < 0) this.#shift(65_536);
    if (this.#highest < this.#sequenceOffset) this.#sequenceOffset -= 65_536;
    this.#first = this.#firstOfStretch = this.#highest;
    this.stretch += 1;
    // What comes is no older than its source's first, however close below that its new numbers are.
    this.#sinceFirst = maxMisorder;
  }

  #shift(by: number): void {
    this.#highest += by;
    this.#sequenceOffset += by;
  }

  #jumps(sequence: number): boolean {
    return isSequenceJump(this.#highest & 0xffff, sequenceAdd(sequence, this.#sequenceOffset));
  }

  #nextTimestamp(clockRate: number, now: MonotonicMs): number {
    if (this.#timestampAt === null) return this.#timestamp;
    const passedMs = Math.max(this.packetMs, now - this.#timestampAt);
    return timestampAdd(this.#timestamp, Math.round((passedMs * clockRate) / 1000));
  }

  #advance(now: MonotonicMs): void {
    const ahead = sequenceDelta(this.#highest & 0xffff, this.sequence);
    // Further back than a late packet can be: the sender has started its numbers anew.
    if (ahead <= 0 && ahead >= -maxMisorder) return;
    this.#highest += ahead;
    // RFC 3550 §A.1: then its receiver does, too, and counts its losses from zero.
    if (ahead < 0 || ahead > maxDropout) this.#startAnew();
    if (this.#sourceSsrc >= 0) this.#relayedHighest = this.#highest - this.#sequenceOffset;
    // Packets of one telephone event share the timestamp of its start (RFC 4733 §2.2).
    if (this.#timestampAt !== null && this.timestamp === this.#timestamp) return;
    this.#timestamp = this.timestamp;
    this.#timestampAt = now;
  }
}
