import { sequenceDelta } from '../rtp/sequence.ts';

/**
 * The cumulative loss that a party is told of its own stream. Who counts it changes: the other party while
 * the two are connected, we ourselves while a prompt takes its place. The sum goes on at each change; a
 * count that spans one is passed on only where nothing was lost in it, since nobody can say on which side.
 */
export class ToldLoss {
  #ssrc = -1;
  #told = 0;
  /** Ours, when it was last added. */
  #ours = 0;
  /** The other party's count at its last report, and what is to be taken from it to get the sum. */
  #theirs = 0;
  #difference = 0;
  #stretch = 0;
  #heardThem = false;
  /** How far our own count reached when it was told; -1: it was not since theirs. */
  #until = -1;

  /** Our own count of the stream up to a number; gives the sum. */
  fromUs(ssrc: number, lost: number, highest: number): number {
    if (ssrc !== this.#ssrc) this.#begin(ssrc);
    this.#told += Math.max(0, lost - this.#ours);
    this.#ours = lost;
    this.#until = highest & 0xffff;
    this.#stretch = 0;
    return this.#told;
  }

  /**
   * The other party's cumulative count of what it hears up to a number of the source's, in a stretch of its numbers (`whole`: it has heard
   * nothing else); `ours`: our own count of the same stream now. False: it spans a change and cannot be told;
   * else `told` is what to tell.
   */
  fromThem(
    ssrc: number,
    highest: number,
    cumulative: number,
    stretch: number,
    whole: boolean,
    ours: number,
  ): boolean {
    if (ssrc !== this.#ssrc) this.#begin(ssrc);
    const goesOn = stretch === this.#stretch;
    // A gap that we have told of and they have not come to yet would be told twice.
    if (this.#until >= 0 && sequenceDelta(this.#until, highest & 0xffff) < 0) return false;
    this.#until = -1;
    // What we have told of the stream already may be in their count, too.
    const first = whole && !this.#heardThem && this.#told === 0;
    const clear = goesOn || first || cumulative === this.#theirs;
    if (!goesOn) this.#difference = (first ? 0 : cumulative) - this.#told;
    this.#heardThem = true;
    this.#stretch = stretch;
    this.#theirs = cumulative;
    this.#ours = ours;
    if (clear) this.#told = cumulative - this.#difference;
    return clear;
  }

  get told(): number {
    return this.#told;
  }

  #begin(ssrc: number): void {
    this.#ssrc = ssrc;
    this.#told = 0;
    this.#ours = 0;
    this.#until = -1;
    this.#stretch = 0;
  }
}
