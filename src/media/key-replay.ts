import type { MonotonicMs } from '../kernel/clock.ts';
import { rtpHeaderBytes } from '../rtp/rtp-view.ts';
import { eventBytes, writeEvent } from '../rtp/telephone-event.ts';
import type { HeldKey } from './held-key.ts';
import type { Paced } from './prompt-pacer.ts';

/** RFC 4733 §2.5.1.4: the final packet is sent three times, at the interval of those before it. */
const finalPackets = 3;
/** ITU-T Q.24 asks for 40 ms of silence between two keys; common equipment, for a little more. */
const pauseMs = 60;
/** A key of which nothing has been heard for this long is up: updates come each 50 ms or sooner (RFC 4733 §2.5.1.1). */
const silentMs = 200;
/** A key is no shorter, whatever its sender said: Q.24 has receivers heed 40 ms. */
const shortestMs = 40;
/** Duration is a 16-bit field; RFC 4733 §2.5.1.3 would split the event, and no key of a code is held that long. */
const longestTicks = 0xffff;

/** The other party's side of keys. */
export interface KeyLine {
  readonly ptimeMs: number;
  /** Numbers and sends a packet whose payload starts behind the room for its header. *Takes* the packet. */
  sendOwn(
    packet: Uint8Array,
    format: { readonly payloadType: number; readonly clockRate: number },
    first: boolean,
    lengthMs: number,
    due: MonotonicMs,
  ): void;
}

/**
 * Sends keys on that were held back, one after the other, as long as they were pressed and from now on: as a device
 * would whose user presses them now. A key that is still down lasts until it is up.
 */
export class KeyReplay implements Paced {
  readonly #queue: HeldKey[];
  readonly #line: KeyLine;
  readonly #payloadTypes: Uint8Array;
  readonly #mayPass: () => boolean;
  readonly #packetMs: number;
  #startedAt: MonotonicMs | null = null;
  #nextDue: MonotonicMs | null = null;
  /** What the other party has been told of the key under way: how long it has lasted, and how often that it is up. */
  #told = 0;
  #finals = 0;

  /** `queue`: it takes off it what it has sent. `payloadTypes`: under which number the other party knows what came. */
  constructor(queue: HeldKey[], line: KeyLine, payloadTypes: Uint8Array, mayPass: () => boolean) {
    this.#queue = queue;
    this.#line = line;
    this.#payloadTypes = payloadTypes;
    this.#mayPass = mayPass;
    this.#packetMs = line.ptimeMs;
  }

  get over(): boolean {
    return this.#queue.length === 0;
  }

  step(now: MonotonicMs, slot: MonotonicMs): void {
    for (let due = this.#nextDue ?? slot; due <= now; due = this.#nextDue ?? slot) {
      const key = this.#queue[0];
      if (key === undefined) return;
      // As what a party says while the other one is on hold, or hears a prompt.
      if (!this.#mayPass()) {
        this.#queue.length = 0;
        return;
      }
      this.#send(key, due, now);
    }
  }

  #send(key: HeldKey, due: MonotonicMs, now: MonotonicMs): void {
    const first = this.#startedAt === null;
    this.#startedAt ??= due;
    const elapsed = Math.round(((due - this.#startedAt + this.#packetMs) * key.clockRate) / 1000);
    const least = (shortestMs * key.clockRate) / 1000;
    const isUp = this.#finals > 0 || (key.isUp(now, silentMs) && elapsed >= Math.max(least, key.ticks));
    if (!isUp) this.#told = elapsed;
    else if (this.#finals === 0) this.#told = Math.max(this.#told, least, key.ticks);
    const packet = new Uint8Array(rtpHeaderBytes + eventBytes);
    const ticks = Math.min(longestTicks, this.#told);
    writeEvent(packet, rtpHeaderBytes, { event: key.event, flags: key.flags, ticks, ended: isUp });
    const payloadType = this.#payloadTypes[key.payloadType] as number;
    this.#line.sendOwn(packet, { payloadType, clockRate: key.clockRate }, first, 0, due);
    this.#nextDue = (due + this.#packetMs) as MonotonicMs;
    if (isUp) this.#finals += 1;
    if (this.#finals === finalPackets) this.#goOn();
  }

  #goOn(): void {
    this.#queue.shift();
    this.#startedAt = null;
    this.#told = 0;
    this.#finals = 0;
    this.#nextDue = ((this.#nextDue as number) - this.#packetMs + pauseMs) as MonotonicMs;
  }
}
