import { ComfortNoise } from '../audio/comfort-noise.ts';
import { slot, slotKinds, type SlotCounts } from './slot.ts';
import { empty, StateRuns } from './state-runs.ts';

/** What lies at a place, where it is not empty. */
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
  readonly #runs = new StateRuns();
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
    for (let at = from; at < to; ) {
      const run = this.#runs.find(at);
      const end = Math.min(to, this.#runs.endOf(run));
      if (this.#runs.stateOf(run) === audio) this.overlappedSamples += end - at;
      else this.#write(at, end, samples, at - position);
      at = end;
    }
    this.#runs.paint(from, to, audio);
  }

  /** Puts made-up samples where nothing is. *Borrows* them until return. */
  conceal(position: number, samples: Int16Array, count: number): void {
    const to = Math.min(position + count, this.#taken + this.capacity);
    for (let at = Math.max(position, this.#taken); at < to; ) {
      const run = this.#runs.find(at);
      const end = Math.min(to, this.#runs.endOf(run));
      if (this.#runs.stateOf(run) === empty) {
        this.#write(at, end, samples, at - position);
        this.#runs.paint(at, end, concealed);
      }
      at = end;
    }
  }

  /** The party sent something that is silence by nature, such as a telephone event. */
  placeSilence(position: number, count: number): void {
    const to = this.#clipEnd(position, count);
    this.#fill(this.#clipStart(position, count), to, silence);
  }

  /** The party announced comfort noise from here on, in a payload of RFC 3389. *Borrows* it until return. */
  placeComfort(position: number, payload: Uint8Array, from: number, length: number, clockRate: number): void {
    this.#noise.describe(payload, from, length, clockRate);
    if (position < this.#taken) this.#comfort = true;
    else if (position < this.#taken + this.capacity) this.#fill(position, position + 1, comfort);
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
    for (let at = Math.max(from, this.#taken); at < end; ) {
      const run = this.#runs.find(at);
      const state = this.#runs.stateOf(run);
      const until = Math.min(end, this.#runs.endOf(run));
      if (state === empty) this.#silence(at, until);
      if (state === empty || state === concealed) this.#runs.paint(at, until, idle);
      at = until;
    }
  }

  /** Moves what waits from `from` to `to` earlier, where nothing was received; nothing of it has been taken. */
  moveBack(from: number, to: number, by: number): void {
    const end = Math.min(to, this.#taken + this.capacity);
    for (let at = from; at < end; ) {
      const run = this.#runs.find(at);
      const there = this.#runs.find(at - by);
      const state = this.#runs.stateOf(run);
      // No further than where it goes to: its own beginning must not come to lie on its end.
      const until = Math.min(end, this.#runs.endOf(run), this.#runs.endOf(there) + by, at + by);
      if (this.#runs.stateOf(there) === audio) this.overlappedSamples += until - at;
      else {
        this.#copyBack(at, until, by);
        this.#runs.paint(at - by, until - by, state);
      }
      this.#runs.paint(at, until, empty);
      at = until;
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
    const to = position + count;
    for (let at = position; at < to; ) {
      const run = this.#runs.find(at);
      const state = this.#runs.stateOf(run);
      const end = Math.min(to, this.#runs.endOf(run));
      if (state === audio || state === concealed || state === idle)
        this.#read(at, end, target, at - position);
      else target.fill(0, at - position, end - position);
      at = end;
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
      this.#runs.forget(until);
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
    for (let at = this.#taken; at < until; ) {
      const run = this.#runs.find(at);
      const state = this.#runs.stateOf(run);
      if (state === audio) this.#comfort = false;
      else if (state === comfort) this.#comfort = true;
      at = Math.min(until, this.#runs.endOf(run));
    }
    target.fill(0, this.#taken - start, until - start);
    this.#closeGap();
    this.#count(slot.paused, until - this.#taken);
  }

  #takeSamples(until: number, target: Int16Array, start: number): void {
    for (let at = this.#taken; at < until; ) {
      const run = this.#runs.find(at);
      const state = this.#runs.stateOf(run);
      const end = Math.min(until, this.#runs.endOf(run));
      if (state === audio) this.#takeAudio(at, end, target, start);
      else for (let i = at; i < end; i++) this.#takeOther(i, state, target, start);
      at = end;
    }
  }

  /** A run of received audio, which is nearly all there is. */
  #takeAudio(from: number, to: number, target: Int16Array, start: number): void {
    this.#read(from, to, target, from - start);
    this.#comfort = false;
    this.#closeGap();
    this.#count(slot.received, to - from);
  }

  #takeOther(at: number, state: number, target: Int16Array, start: number): void {
    const kind = this.#slotOf(state);
    target[at - start] = this.#sampleOf(state, kind, at & (this.capacity - 1));
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

  /** Where nothing was received. */
  #fill(from: number, to: number, filling: number): void {
    for (let at = from; at < to; ) {
      const run = this.#runs.find(at);
      const state = this.#runs.stateOf(run);
      const end = Math.min(to, this.#runs.endOf(run));
      if (state === empty || state === concealed) this.#runs.paint(at, end, filling);
      at = end;
    }
  }

  /** Every sample of every call: positions may be beyond 32 bits, so these loops count by small integers. */
  #write(from: number, to: number, samples: Int16Array, first: number): void {
    const kept = this.#samples;
    const mask = this.capacity - 1;
    const end = (first + to - from) | 0;
    let index = from & mask;
    for (let i = first | 0; i < end; i++) {
      kept[index] = samples[i] as number;
      index = (index + 1) & mask;
    }
  }

  #read(from: number, to: number, target: Int16Array, first: number): void {
    const kept = this.#samples;
    const mask = this.capacity - 1;
    const end = (first + to - from) | 0;
    let index = from & mask;
    for (let i = first | 0; i < end; i++) {
      target[i] = kept[index] as number;
      index = (index + 1) & mask;
    }
  }

  #silence(from: number, to: number): void {
    const mask = this.capacity - 1;
    for (let at = from; at < to; at++) this.#samples[at & mask] = 0;
  }

  #copyBack(from: number, to: number, by: number): void {
    const mask = this.capacity - 1;
    for (let at = from; at < to; at++) this.#samples[(at - by) & mask] = this.#samples[at & mask] as number;
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
