import type { MonotonicMs } from '../../kernel/clock.ts';

/** How often one source is told 403 before there is silence, and for how long that holds. */
const answersPerSource = 5;
/** All sources together: their addresses may be forged, and the answers go to somebody else. */
const answersPerWindow = 200;
const windowMs = 60_000;
const maxSources = 1_024;

/** Decides whether who is no peer gets an answer at all. */
export class StrangerGate {
  #sources = new Map<string, number>();
  #answered = 0;
  #windowEnds = 0;

  /** True at most a few times a minute for each address. */
  mayAnswer(address: string, now: MonotonicMs): boolean {
    if (now >= this.#windowEnds) {
      this.#windowEnds = now + windowMs;
      this.#answered = 0;
      this.#sources = new Map();
    }
    const given = this.#sources.get(address) ?? 0;
    const knownOrRoom = given > 0 || this.#sources.size < maxSources;
    if (!knownOrRoom || given >= answersPerSource || this.#answered >= answersPerWindow) return false;
    this.#sources.set(address, given + 1);
    this.#answered += 1;
    return true;
  }
}
