import type { ReportBlock } from '../rtp/report-block.ts';

/** What a party's own report blocks say of the stream that it hears from us. */
export class PartyReports {
  /** Numbers given out while it reported, and those of them that it missed. */
  expected = 0;
  lost = 0;
  #count = 0;
  #jitterSum = 0;
  /** Which stream of ours; another one begins at zero. */
  #ssrc = -1;
  #highest = 0;
  #cumulative = 0;

  /** `extended`: the block's highest, unwrapped; `sent`: numbers given out up to it. *Borrows* the block. */
  take(block: ReportBlock, extended: number, sent: number, clockRate: number): void {
    const first = block.ssrc !== this.#ssrc;
    this.#ssrc = block.ssrc;
    const expected = first ? sent : extended - this.#highest;
    const lost = block.cumulativeLost - (first ? 0 : this.#cumulative);
    this.#highest = extended;
    this.#cumulative = block.cumulativeLost;
    this.#count += 1;
    if (clockRate > 0) this.#jitterSum += (1000 * block.jitter) / clockRate;
    // A party that has begun to count anew says nothing about the time between.
    if (expected < 0 || Math.abs(lost) > expected) return;
    this.expected += expected;
    this.lost += lost;
  }

  get any(): boolean {
    return this.#count > 0;
  }

  get jitterMs(): number {
    return this.#count === 0 ? 0 : this.#jitterSum / this.#count;
  }
}
