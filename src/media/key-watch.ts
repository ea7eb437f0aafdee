import type { MonotonicMs } from '../kernel/clock.ts';
import type { Schedule } from '../kernel/timers.ts';
import { codeWithinMs, typedCode } from '../kernel/typed-code.ts';
import type { RtpView } from '../rtp/rtp-view.ts';
import { timestampDelta } from '../rtp/sequence.ts';
import { eventBytes, keyOfEvent } from '../rtp/telephone-event.ts';
import { HeldKey } from './held-key.ts';

/** Keys that wait to be sent on; who presses more within a second is a machine, and its further ones are lost. */
const longestQueue = 16;

/**
 * The keys that one party presses, by telephone events of any payload type and clock. Whose a key is, the other
 * party's or ours, is decided at the first packet of its event and holds to the last: nobody hears half a key. What
 * begins a code of ours is held; where none comes of it, the other party is sent it whole, and what follows after it.
 */
export class KeyWatch {
  /** The party answers a question of ours. */
  asking = false;
  /** What it may dial to control the call, none of which begins with another one. */
  codes: readonly string[] = [];
  /** Hears of each answer once, when the key goes down. */
  pressed: (key: string) => void = () => undefined;
  /** Hears of each code, when its last key goes down. */
  dialled: (code: string) => void = () => undefined;
  /** The queue was empty and is not any longer. */
  queued: () => void = () => undefined;
  /** Keys that were held in vain and those behind them, in their order; whoever sends them takes them off. */
  readonly queue: HeldKey[] = [];
  readonly #schedule: Schedule;
  /** The event under way: all its packets have the timestamp of its start (RFC 4733 §2.2). */
  #ssrc = -1;
  #timestamp = -1;
  #ours = false;
  /** Of the event before, whose end may come late. */
  #oursBefore = false;
  /** What may become a code: its keys, and their text. */
  #held: HeldKey[] = [];
  #typed = '';
  #cancel: () => void = () => undefined;

  constructor(schedule: Schedule) {
    this.#schedule = schedule;
  }

  /** A packet of an event. True: it goes no further as it is. *Borrows* the view's packet. */
  takes(view: RtpView, clockRate: number, now: MonotonicMs): boolean {
    if (view.ssrc === this.#ssrc) {
      if (view.timestamp === this.#timestamp) return this.#hear(view, this.#ours, now);
      if (timestampDelta(this.#timestamp, view.timestamp) < 0) return this.#hear(view, this.#oursBefore, now);
    }
    this.#oursBefore = this.#ours;
    this.#ssrc = view.ssrc;
    this.#timestamp = view.timestamp;
    this.#ours = this.asking ? this.#answers(view) : this.#begins(view, clockRate, now);
    return this.#ours;
  }

  /** What is held and queued goes nowhere. */
  forget(): void {
    this.#cancel();
    this.#held = [];
    this.#typed = '';
    this.queue.length = 0;
  }

  #hear(view: RtpView, ours: boolean, now: MonotonicMs): boolean {
    if (ours) for (const key of this.#held) if (key.isOf(view)) key.hear(view, now);
    if (ours) for (const key of this.queue) if (key.isOf(view)) key.hear(view, now);
    return ours;
  }

  #answers(view: RtpView): true {
    this.#release();
    const key = keyOfEvent(view.buffer, view.payloadOffset, view.payloadLength);
    if (key !== null) this.pressed(key);
    return true;
  }

  #begins(view: RtpView, clockRate: number, now: MonotonicMs): boolean {
    if (this.codes.length === 0 || view.payloadLength < eventBytes) return false;
    const key = keyOfEvent(view.buffer, view.payloadOffset, view.payloadLength) ?? '?';
    if (this.#typed !== '' && typedCode(this.codes, this.#typed + key) === 'none') this.#release();
    const typed = this.#typed + key;
    switch (typedCode(this.codes, typed)) {
      case 'whole':
        this.#drop();
        this.dialled(typed);
        return true;
      case 'begun':
        this.#hold(new HeldKey(view, clockRate, now), typed);
        return true;
      case 'none':
        // It may not overtake what goes before it.
        if (this.queue.length === 0) return false;
        this.#enqueue([new HeldKey(view, clockRate, now)]);
        return true;
    }
  }

  #hold(key: HeldKey, typed: string): void {
    this.#held.push(key);
    this.#typed = typed;
    if (this.#held.length > 1) return;
    this.#cancel = this.#schedule(codeWithinMs, () => {
      this.#release();
    });
  }

  #drop(): void {
    this.#cancel();
    this.#held = [];
    this.#typed = '';
  }

  #release(): void {
    const held = this.#held;
    this.#drop();
    this.#enqueue(held);
  }

  #enqueue(keys: readonly HeldKey[]): void {
    if (keys.length === 0) return;
    const wasEmpty = this.queue.length === 0;
    this.queue.push(...keys.slice(0, longestQueue - this.queue.length));
    if (wasEmpty) this.queued();
  }
}
