import { extendSequence, isSequenceJump } from './sequence.ts';

/**
 * What arrived of a party's streams and, by sequence numbers, what did not (RFC 3550 §A.3). A new SSRC or
 * a jump closes the account of the stream so far and opens another, so that neither counts as loss.
 */
export class Reception {
  received = 0;
  #ssrc = -1;
  #first = 0;
  #highest = 0;
  #inStream = 0;
  #lostBefore = 0;

  count(ssrc: number, sequence: number): void {
    this.received += 1;
    if (ssrc !== this.#ssrc || isSequenceJump(this.#highest & 0xffff, sequence)) {
      this.#open(ssrc, sequence);
      return;
    }
    this.#inStream += 1;
    const extended = extendSequence(this.#highest, sequence);
    if (extended > this.#highest) this.#highest = extended;
    else if (extended < this.#first) this.#first = extended;
  }

  /** Never negative: duplicates may hide as many losses (RFC 3550 §6.4.1 lets them go below zero). */
  get lost(): number {
    return this.#lostBefore + this.#lostInStream();
  }

  #lostInStream(): number {
    return Math.max(0, this.#inStream === 0 ? 0 : this.#highest - this.#first + 1 - this.#inStream);
  }

  #open(ssrc: number, sequence: number): void {
    this.#lostBefore += this.#lostInStream();
    this.#ssrc = ssrc;
    this.#first = sequence;
    this.#highest = sequence;
    this.#inStream = 1;
  }
}
