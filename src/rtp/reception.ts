import { extendSequence, isSequenceJump } from './sequence.ts';

/**
 * What arrived of a party's streams and, by sequence numbers, what did not (RFC 3550 §A.3). A new SSRC or
 * a jump closes the account of the stream so far and opens another, so that neither counts as loss.
 */
export class Reception {
  received = 0;
  /** Of the stream that came last; -1 before the first. */
  ssrc = -1;
  /** Runs of missing numbers, whether or not some of them came late. */
  bursts = 0;
  #first = 0;
  #highest = 0;
  #inStream = 0;
  #lostBefore = 0;
  #expectedBefore = 0;
  /** Of the stream, when its share lost was asked for last. */
  #expectedThen = 0;
  #receivedThen = 0;

  /** False: the packet opens a stream. */
  count(ssrc: number, sequence: number): boolean {
    this.received += 1;
    if (ssrc !== this.ssrc || isSequenceJump(this.#highest & 0xffff, sequence)) {
      this.#open(ssrc, sequence);
      return false;
    }
    const extended = extendSequence(this.#highest, sequence);
    // RFC 3550 §A.3 expects from the first on: one that was overtaken by it says nothing of those between.
    if (extended < this.#first) return true;
    this.#inStream += 1;
    if (extended > this.#highest) {
      if (extended > this.#highest + 1) this.bursts += 1;
      this.#highest = extended;
    }
    return true;
  }

  /** Never negative: duplicates may hide as many losses (RFC 3550 §6.4.1 lets them go below zero). */
  get lost(): number {
    return this.#lostBefore + this.lostInStream;
  }

  /** Packets that were sent, by the numbers of what came. */
  get expected(): number {
    return this.#expectedBefore + this.#expectedInStream();
  }

  get lostInStream(): number {
    return Math.max(0, this.#expectedInStream() - this.#inStream);
  }

  /** The highest number of the stream with its cycles in the upper 16 bits, as a report has it. */
  get extendedHighest(): number {
    return this.#highest >>> 0;
  }

  /** The share of the stream that was lost since the last asking, in 256ths (RFC 3550 §A.3). */
  takeFractionLost(): number {
    const expected = this.#expectedInStream() - this.#expectedThen;
    const lost = expected - (this.#inStream - this.#receivedThen);
    this.#expectedThen += expected;
    this.#receivedThen = this.#inStream;
    return expected <= 0 || lost <= 0 ? 0 : Math.min(255, Math.floor((256 * lost) / expected));
  }

  #expectedInStream(): number {
    return this.#inStream === 0 ? 0 : this.#highest - this.#first + 1;
  }

  #open(ssrc: number, sequence: number): void {
    this.#lostBefore += this.lostInStream;
    this.#expectedBefore += this.#expectedInStream();
    this.ssrc = ssrc;
    this.#first = sequence;
    this.#highest = sequence;
    this.#inStream = 1;
    this.#expectedThen = 0;
    this.#receivedThen = 0;
  }
}
