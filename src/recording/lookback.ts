import { slot, slotKinds, type SlotCounts } from './slot.ts';

/** Of both channels, from the beginning to the end of a portion. */
export type BothCounts = readonly [SlotCounts, SlotCounts];

interface Portion {
  readonly samples: Int16Array;
  readonly begin: number;
  readonly end: number;
  readonly counts: BothCounts;
}

const none: SlotCounts = new Array<number>(slotKinds).fill(0);

/**
 * The newest of a recording's audio while nobody has asked for it: at most so many samples of the media clock, in this
 * memory and nowhere else. What grows older is gone.
 */
export class Lookback {
  /** Where the oldest portion begins, and what had been counted by then. */
  origin = 0;
  before: BothCounts = [none, none];
  readonly #limit: number;
  #portions: Portion[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** What was mixed up to `end`. *Borrows* the samples until return. */
  add(samples: Int16Array, begin: number, end: number, counts: BothCounts): void {
    this.#portions.push({ samples: samples.slice(), begin, end, counts });
    this.forgetBefore(end - this.#limit);
  }

  /** What is kept for somebody who asks at `position`, oldest first. */
  keptAt(position: number): readonly Pick<Portion, 'samples' | 'counts'>[] {
    this.forgetBefore(position - this.#limit);
    return this.#portions;
  }

  /** Whole portions go: nothing is kept longer than it may be. */
  forgetBefore(position: number): void {
    const first = this.#portions.findIndex(({ begin }) => begin >= position);
    const gone = this.#portions.splice(0, first < 0 ? this.#portions.length : first);
    const last = gone.at(-1);
    if (last === undefined) return;
    this.origin = last.end;
    this.before = last.counts;
  }
}

/**
 * What was counted since. Time that was counted as lost before, and excused since, was received: then it is taken from
 * there, so that the sum is that of what came since.
 */
export function countsSince(counts: SlotCounts, before: SlotCounts): SlotCounts {
  const since = counts.map((count, kind) => count - (before[kind] ?? 0));
  for (const kind of [slot.lost, slot.concealed]) {
    const excused = Math.min(0, since[kind] ?? 0);
    since[kind] = (since[kind] ?? 0) - excused;
    since[slot.received] = (since[slot.received] ?? 0) + excused;
  }
  return since;
}
