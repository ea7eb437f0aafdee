import type { MonotonicMs } from '../kernel/clock.ts';
import type { ControlDigest } from '../rtp/control-digest.ts';
import { ControlSource } from './control-source.ts';
import type { OutgoingStream } from './outgoing-stream.ts';
import { PartyReports } from './party-reports.ts';
import type { PromptHearing } from './prompt-hearing.ts';
import { SentReports } from './sent-reports.ts';
import { ToldLoss } from './told-loss.ts';

/** A leg's RTCP: what its party has said, and what it has been told. */
export class ControlChannel {
  readonly source = new ControlSource();
  readonly sent = new SentReports();
  readonly reports = new PartyReports();
  readonly told = new ToldLoss();
  /** Names our stream for good (RFC 7022 §4.2: random, for this session alone). */
  readonly cname: Uint8Array;
  /** Of the prompt that was played last. */
  hearing: PromptHearing | null = null;
  /** When the next report of ours is due; others' that pass put it off. */
  dueAt: MonotonicMs = Number.POSITIVE_INFINITY as MonotonicMs;
  /** The last SR of the party's: whose it was, its NTP timestamp's middle and when it came. */
  srSsrc = -1;
  srMiddle = 0;
  srAt: MonotonicMs = Number.NEGATIVE_INFINITY as MonotonicMs;
  /** Packets that the party had been sent at our last two reports. */
  #sentThen = 0;
  #sentBefore = 0;
  /** Packets that had come from it at our last report. */
  #receivedThen = 0;
  #roundTrips = 0;
  #roundTripSum = 0;

  constructor(cname: Uint8Array) {
    this.cname = cname;
  }

  /** Takes in what a datagram of the party's says of `out`, the stream that it hears. *Borrows* the digest. */
  hear(digest: ControlDigest, out: OutgoingStream, now: MonotonicMs): void {
    if (digest.hasInfo) {
      this.srSsrc = digest.sender;
      this.srMiddle = digest.info.middle;
      this.srAt = now;
    }
    if (!digest.hasBlock) return;
    const { block } = digest;
    const trip = this.sent.roundTripMs(block.lastSr, block.delaySinceLastSr, now);
    if (trip >= 0) {
      this.#roundTrips += 1;
      this.#roundTripSum += trip;
    }
    const extended = out.reported(block.highest);
    if (extended < 0) return;
    this.reports.take(block, extended, out.countTo(extended), out.clockRate);
    this.hearing?.take(extended, block.cumulativeLost, trip, now);
  }

  /** Mean of all that were measured; null: none. */
  get roundTripMs(): number | null {
    return this.#roundTrips === 0 ? null : this.#roundTripSum / this.#roundTrips;
  }

  /** RFC 3550 §6.4: an SR is due from who has sent since one of its last two reports. */
  sentSince(packets: number): boolean {
    const is = packets > this.#sentBefore;
    this.#sentBefore = this.#sentThen;
    this.#sentThen = packets;
    return is;
  }

  receivedSince(packets: number): boolean {
    const is = packets > this.#receivedThen;
    this.#receivedThen = packets;
    return is;
  }
}
