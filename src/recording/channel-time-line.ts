import { slot, slotKinds, type SlotCounts } from './slot.ts';

/** What a sample's place in the ring holds. */
const empty = 0;
const audio = 1;
/** Received, and silent: a telephone event. */
const silence = 2;
/** Comfort noise begins here and lasts until audio comes (RFC 3389 §4). */
const comfort = 3;

type Boundary =
  | { readonly at: number; readonly kind: 'paused'; readonly on: boolean }
  | { readonly at: number; readonly kind: 'held'; readonly on: boolean };

/** Marks that wait for their place; more than a call can mean in the second that the ring spans. */
const boundaryLimit = 1024;

/**
 * One channel between arrival and mix: about a second of samples by position. What is placed stays until
 * it is taken, in order and once; whatever is then still empty is paused, held, comfort noise or lost.
 * Position 0 is where the recording began.
 */
export class ChannelTimeLine {
  /** Samples that came when their place had been taken, that found it filled, or that lie too far ahead. */
  lateSamples = 0;
  overlappedSamples = 0;
  aheadSamples = 0;
  readonly capacity: number;
  readonly #samples: Int16Array;
  readonly #state: Uint8Array;
  readonly #counts = new Float64Array(slotKinds);
  readonly #boundaries: Boundary[] = [];
  #taken = 0;
  #paused = false;
  #held = false;
  #comfort = false;

  constructor(sampleRate: number) {
    this.capacity = 2 ** Math.ceil(Math.log2(sampleRate));
    this.#samples = new Int16Array(this.capacity);
    this.#state = new Uint8Array(this.capacity);
  }

  /** Everything before this position has been taken. */
  get taken(): number {
    return this.#taken;
  }

  counts(): SlotCounts {
    return Array.from(this.#counts);
  }

  /** Puts `count` samples at `position`; whoever was there first stays. *Borrows* them until return. */
  place(position: number, samples: Int16Array, count: number): void {
    const from = this.#clipStart(position, count);
    const to = this.#clipEnd(position, count);
    const mask = this.capacity - 1;
    for (let at = from; at < to; at++) {
      const index = at & mask;
      if (this.#state[index] === audio) {
        this.overlappedSamples += 1;
        continue;
      }
      this.#state[index] = audio;
      this.#samples[index] = samples[at - position] as number;
    }
  }

  /** The party sent something that is silence by nature, such as a telephone event. */
  placeSilence(position: number, count: number): void {
    const to = this.#clipEnd(position, count);
    for (let at = this.#clipStart(position, count); at < to; at++) this.#fill(at, silence);
  }

  /** The party announced comfort noise from here on. */
  placeComfort(position: number): void {
    if (position < this.#taken) this.#comfort = true;
    else if (position < this.#taken + this.capacity) this.#fill(position, comfort);
  }

  pauseAt(position: number, on: boolean): void {
    this.#mark({ at: position, kind: 'paused', on });
  }

  holdAt(position: number, on: boolean): void {
    this.#mark({ at: position, kind: 'held', on });
  }

  /** Copies `count` samples from `position` on, which has not been taken, into `target`. *Borrows* it until return. */
  peek(position: number, count: number, target: Int16Array): void {
    const mask = this.capacity - 1;
    for (let i = 0; i < count; i++) {
      const index = (position + i) & mask;
      target[i] = this.#state[index] === audio ? (this.#samples[index] as number) : 0;
    }
  }

  /** Moves the samples up to position `to` into `target` from index 0 on. *Borrows* it until return. */
  take(to: number, target: Int16Array): void {
    const start = this.#taken;
    while (this.#taken < to) {
      const until = this.#applyBoundaries(to);
      if (this.#paused) this.#takePaused(until, target, start);
      else this.#takeSamples(until, target, start);
      this.#taken = until;
    }
  }

  /** Applies the marks due here and says how far the state then holds. */
  #applyBoundaries(to: number): number {
    for (;;) {
      const next = this.#boundaries[0];
      if (next === undefined) return to;
      if (next.at > this.#taken) return Math.min(to, next.at);
      if (next.kind === 'paused') this.#paused = next.on;
      else this.#held = next.on;
      this.#boundaries.shift();
    }
  }

  #takePaused(until: number, target: Int16Array, start: number): void {
    const mask = this.capacity - 1;
    for (let at = this.#taken; at < until; at++) {
      const index = at & mask;
      if (this.#state[index] === audio) this.#comfort = false;
      else if (this.#state[index] === comfort) this.#comfort = true;
      this.#state[index] = empty;
      target[at - start] = 0;
    }
    this.#count(slot.paused, until - this.#taken);
  }

  #takeSamples(until: number, target: Int16Array, start: number): void {
    const mask = this.capacity - 1;
    let received = 0;
    for (let at = this.#taken; at < until; at++) {
      const index = at & mask;
      const state = this.#state[index] as number;
      target[at - start] = state === audio ? (this.#samples[index] as number) : 0;
      if (state === audio) this.#comfort = false;
      else if (state === comfort) this.#comfort = true;
      if (state !== empty || (this.#comfort && !this.#held)) received += 1;
      this.#state[index] = empty;
    }
    this.#count(slot.received, received);
    this.#count(this.#held ? slot.held : slot.lost, until - this.#taken - received);
  }

  #count(kind: number, samples: number): void {
    this.#counts[kind] = (this.#counts[kind] as number) + samples;
  }

  #fill(at: number, state: number): void {
    const index = at & (this.capacity - 1);
    if (this.#state[index] === empty) this.#state[index] = state;
  }

  #clipStart(position: number, count: number): number {
    const late = Math.min(count, Math.max(0, this.#taken - position));
    this.lateSamples += late;
    return position + late;
  }

  #clipEnd(position: number, count: number): number {
    const end = this.#taken + this.capacity;
    const ahead = Math.min(count, Math.max(0, position + count - end));
    this.aheadSamples += ahead;
    return position + count - ahead;
  }

  /** Marks come in the order of their time; one for a place that has been taken holds from here on. */
  #mark(boundary: Boundary): void {
    if (this.#boundaries.length < boundaryLimit) this.#boundaries.push(boundary);
  }
}
