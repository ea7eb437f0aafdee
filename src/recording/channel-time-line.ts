import { ComfortNoise } from '../audio/comfort-noise.ts';
import { slot, slotKinds, type SlotCounts } from './slot.ts';

/** What a sample's place in the ring holds. */
const empty = 0;
const audio = 1;
/** Received, and silent: a telephone event. */
const silence = 2;
/** Comfort noise begins here and lasts until audio comes (RFC 3389 §4). */
const comfort = 3;
/** Made up for what was lost; gives way to the real thing. */
const concealed = 4;
/** The party had nothing to send. */
const idle = 5;

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
  readonly #noise: ComfortNoise;
  #taken = 0;
  #paused = false;
  #held = false;
  #comfort = false;
  /** What was counted as lost and as concealed since anything was last received. */
  #openLost = 0;
  #openConcealed = 0;

  constructor(sampleRate: number) {
    this.capacity = 2 ** Math.ceil(Math.log2(sampleRate));
    this.#samples = new Int16Array(this.capacity);
    this.#state = new Uint8Array(this.capacity);
    this.#noise = new ComfortNoise(sampleRate);
  }

  /** Everything before this position has been taken. */
  get taken(): number {
    return this.#taken;
  }

  counts(): SlotCounts {
    return Array.from(this.#counts);
  }

  /** Puts `count` samples at `position`; what was received there first stays. *Borrows* them until return. */
  place(position: number, samples: Int16Array, count: number): void {
    const from = this.#clipStart(position, count);
    const to = this.#clipEnd(position, count);
    // Every sample of every call: positions may be beyond 32 bits, so the loop counts by small integers.
    const kept = this.#samples;
    const states = this.#state;
    const mask = this.capacity - 1;
    const first = (from - position) | 0;
    const end = (to - position) | 0;
    let index = from & mask;
    let overlapped = 0;
    for (let i = first; i < end; i++) {
      if (states[index] === audio) overlapped += 1;
      else {
        states[index] = audio;
        kept[index] = samples[i] as number;
      }
      index = (index + 1) & mask;
    }
    this.overlappedSamples += overlapped;
  }

  /** Puts made-up samples where nothing is. *Borrows* them until return. */
  conceal(position: number, samples: Int16Array, count: number): void {
    const to = Math.min(position + count, this.#taken + this.capacity);
    const mask = this.capacity - 1;
    for (let at = Math.max(position, this.#taken); at < to; at++) {
      const index = at & mask;
      if (this.#state[index] !== empty) continue;
      this.#state[index] = concealed;
      this.#samples[index] = samples[at - position] as number;
    }
  }

  /** The party sent something that is silence by nature, such as a telephone event. */
  placeSilence(position: number, count: number): void {
    const to = this.#clipEnd(position, count);
    for (let at = this.#clipStart(position, count); at < to; at++) this.#fill(at, silence);
  }

  /** The party announced comfort noise from here on, in a payload of RFC 3389. *Borrows* it until return. */
  placeComfort(position: number, payload: Uint8Array, from: number, length: number, clockRate: number): void {
    this.#noise.describe(payload, from, length, clockRate);
    if (position < this.#taken) this.#comfort = true;
    else if (position < this.#taken + this.capacity) this.#fill(position, comfort);
  }

  /**
   * Nothing was lost between two positions, the later one being where the party now goes on: it had nothing
   * to send. What was taken of it meanwhile counts as received after all.
   */
  excuse(from: number, to: number): void {
    const passed = Math.max(0, this.#taken - from);
    const lost = Math.min(this.#openLost, passed);
    const made = Math.min(this.#openConcealed, passed - lost);
    this.#count(slot.lost, -lost);
    this.#count(slot.concealed, -made);
    this.#count(slot.received, lost + made);
    this.#openLost -= lost;
    this.#openConcealed -= made;
    const end = Math.min(to, this.#taken + this.capacity);
    for (let at = Math.max(from, this.#taken); at < end; at++) {
      const index = at & (this.capacity - 1);
      if (this.#state[index] === empty) this.#samples[index] = 0;
      else if (this.#state[index] !== concealed) continue;
      this.#state[index] = idle;
    }
  }

  /** Moves what waits from `from` to `to` earlier, where nothing was received; nothing of it has been taken. */
  moveBack(from: number, to: number, by: number): void {
    const mask = this.capacity - 1;
    const end = Math.min(to, this.#taken + this.capacity);
    for (let at = from; at < end; at++) {
      const index = at & mask;
      const earlier = (at - by) & mask;
      if (this.#state[earlier] === audio) this.overlappedSamples += 1;
      else {
        this.#state[earlier] = this.#state[index] as number;
        this.#samples[earlier] = this.#samples[index] as number;
      }
      this.#state[index] = empty;
    }
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
      const state = this.#state[index];
      const isKept = state === audio || state === concealed || state === idle;
      target[i] = isKept ? (this.#samples[index] as number) : 0;
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
    this.#closeGap();
    this.#count(slot.paused, until - this.#taken);
  }

  #takeSamples(until: number, target: Int16Array, start: number): void {
    for (let at = this.#taken; at < until; ) {
      const next = this.#takeAudio(at, until, target, start);
      if (next === at) this.#takeOther(at++, target, start);
      else at = next;
    }
  }

  /** A run of received audio, which is nearly all there is. Returns where it ends. */
  #takeAudio(from: number, until: number, target: Int16Array, start: number): number {
    const samples = this.#samples;
    const states = this.#state;
    const mask = this.capacity - 1;
    const first = (from - start) | 0;
    const end = (until - start) | 0;
    let index = from & mask;
    let i = first;
    for (; i < end && states[index] === audio; i++) {
      states[index] = empty;
      target[i] = samples[index] as number;
      index = (index + 1) & mask;
    }
    if (i > first) {
      this.#comfort = false;
      this.#closeGap();
      this.#count(slot.received, i - first);
    }
    return from + i - first;
  }

  #takeOther(at: number, target: Int16Array, start: number): void {
    const index = at & (this.capacity - 1);
    const state = this.#state[index] as number;
    const kind = this.#slotOf(state);
    this.#state[index] = empty;
    target[at - start] = this.#sampleOf(state, kind, index);
    this.#count(kind, 1);
    if (kind === slot.lost) this.#openLost += 1;
    else if (kind === slot.concealed) this.#openConcealed += 1;
    else if (kind === slot.received) this.#closeGap();
  }

  /** Of what is no audio. */
  #slotOf(state: number): number {
    if (state === comfort) this.#comfort = true;
    if (state === silence || state === comfort) return slot.received;
    if (this.#held) return slot.held;
    if (state === idle || this.#comfort) return slot.received;
    return state === concealed ? slot.concealed : slot.lost;
  }

  #sampleOf(state: number, kind: number, index: number): number {
    if (kind === slot.received && this.#comfort) return this.#noise.next();
    const isKept = (state === concealed || state === idle) && kind !== slot.held;
    return isKept ? (this.#samples[index] as number) : 0;
  }

  #closeGap(): void {
    this.#openLost = 0;
    this.#openConcealed = 0;
  }

  #count(kind: number, samples: number): void {
    this.#counts[kind] = (this.#counts[kind] as number) + samples;
  }

  #fill(at: number, state: number): void {
    const index = at & (this.capacity - 1);
    if (this.#state[index] === empty || this.#state[index] === concealed) this.#state[index] = state;
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
