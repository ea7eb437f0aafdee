import { srtpFault } from './srtp-fault.ts';

/** RFC 3711 §3.3.2 asks for 64 at least; a power of two. */
const windowSize = 128;

/**
 * Which of the newest packets of one SSRC were there. What is sent has one too: nothing may be protected twice under one
 * index, since both would have the same keystream (RFC 3711 §9.1).
 */
export class ReplayWindow {
  /** The highest index that was there; -1: none yet. */
  highest = -1;
  readonly #seen = new Uint8Array(windowSize);

  /** 0 where a packet of this index may come now, else the fault. */
  check(index: number): 0 | typeof srtpFault.replayed | typeof srtpFault.tooOld {
    if (index > this.highest) return 0;
    if (index <= this.highest - windowSize) return srtpFault.tooOld;
    return this.#seen[index % windowSize] === 1 ? srtpFault.replayed : 0;
  }

  /** It was there. `check` has said 0. */
  mark(index: number): void {
    if (index > this.highest) {
      const from = this.highest < 0 ? index : Math.max(this.highest + 1, index - windowSize + 1);
      for (let i = from; i <= index; i++) this.#seen[i % windowSize] = 0;
      this.highest = index;
    }
    this.#seen[index % windowSize] = 1;
  }
}
