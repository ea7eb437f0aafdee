import type { MonotonicMs } from '../kernel/clock.ts';
import { type TapChannel, type TapKind, TapWriter } from '../kernel/tap-ring.ts';
import type { Schedule } from '../kernel/timers.ts';
import type { MediaCounters } from './counters.ts';

interface WaitingMark {
  readonly kind: TapKind;
  readonly recording: number;
  readonly channel: TapChannel;
  readonly at: MonotonicMs;
  readonly aux: number;
  readonly bytes: Uint8Array;
  readonly written: () => void;
}

/** Marks held back while a reader is away; a call makes fewer than ten. */
const waitingLimit = 4096;
const retryMs = 20;

const noBytes = new Uint8Array(0);
const nobody = (): void => undefined;

/**
 * A worker's end of one tap. A mark that finds no room waits its turn; packets behind it are dropped and
 * counted, so that the order in the tap stays that of events.
 */
export class TapOutlet {
  readonly #writer: TapWriter;
  readonly #counters: MediaCounters;
  readonly #schedule: Schedule;
  readonly #waiting: WaitingMark[] = [];

  constructor(buffer: SharedArrayBuffer, counters: MediaCounters, schedule: Schedule) {
    this.#writer = new TapWriter(buffer);
    this.#counters = counters;
    this.#schedule = schedule;
  }

  /** *Borrows* both until return. False: dropped, and counted. `head` stands in for the first bytes. */
  packet(
    recording: number,
    channel: TapChannel,
    at: MonotonicMs,
    packet: Uint8Array,
    length: number,
    head: Uint8Array,
  ): boolean {
    if (this.#waiting.length === 0 && this.#writer.packet(recording, channel, at, packet, length, head)) {
      return true;
    }
    this.#counters.tapDropped += 1;
    return false;
  }

  /** Whether a packet of this length would be taken, with a mark before it. */
  hasRoom(length: number): boolean {
    return this.#waiting.length === 0 && this.#writer.hasRoom(length);
  }

  /** Writes a mark now or as soon as there is room, then calls `written`. *Takes* the bytes. */
  mark(
    kind: TapKind,
    recording: number,
    channel: TapChannel,
    at: MonotonicMs,
    aux = 0,
    bytes: Uint8Array = noBytes,
    written: () => void = nobody,
  ): void {
    if (this.#waiting.length === 0 && this.#writer.mark(kind, recording, channel, at, aux, bytes)) {
      written();
      return;
    }
    if (this.#waiting.length >= waitingLimit) {
      this.#counters.marksLost += 1;
      return;
    }
    this.#waiting.push({ kind, recording, channel, at, aux, bytes, written });
    if (this.#waiting.length === 1) this.#retryLater();
  }

  #retryLater(): void {
    this.#schedule(retryMs, () => {
      this.#retry();
    });
  }

  #retry(): void {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      const { kind, recording, channel, at, aux, bytes, written } = next;
      if (!this.#writer.mark(kind, recording, channel, at, aux, bytes)) {
        this.#retryLater();
        return;
      }
      this.#waiting.shift();
      written();
    }
  }
}
