import type { MonotonicMs } from '../kernel/clock.ts';
import { rtpHeaderBytes } from '../rtp/rtp-view.ts';
import { type PromptCodec, promptClockRate, type ShelvedPrompt, silenceOctet } from './prompt-shelf.ts';
import type { PlayReport } from './protocol.ts';

/** How long a party that cannot hear (no remote yet, or on hold) is waited for. */
const hearingPatienceMs = 5000;
/** A timer that fires this much early still serves its slot. */
const earlyMs = 0.5;

/** The party's side of a prompt. */
export interface PromptLine {
  /** It has a remote and may receive. */
  readonly canHear: boolean;
  /** The first negotiated format that prompts can be encoded in. */
  readonly promptFormat: { readonly payloadType: number; readonly codec: PromptCodec } | null;
  readonly ptimeMs: number;
  /**
   * Numbers and sends a packet whose payload starts behind the room for its header. *Takes* the packet.
   * `first`: it starts the prompt, or goes on after a break. `due`: when it had to leave.
   */
  sendOwn(packet: Uint8Array, payloadType: number, first: boolean, ticks: number, due: MonotonicMs): void;
}

/**
 * One prompt to one party. Packets are due at the start plus a multiple of the packet time, whenever the
 * ticks come: a late tick sends all that is due and no more. Where the party cannot hear in mid-prompt, it
 * stops there and goes on once the party is back.
 */
export class PromptPlayer {
  readonly #prompt: ShelvedPrompt;
  readonly #line: PromptLine;
  readonly #ended: (report: PlayReport) => void;
  readonly #packetMs: number;
  readonly #packetSamples: number;
  readonly #expected: number;
  #sent = 0;
  #nextDue: MonotonicMs | null = null;
  #deafSince: MonotonicMs | null = null;
  #over = false;
  #codec: PromptCodec | null = null;
  #firstAt: MonotonicMs | null = null;
  #lastAt: MonotonicMs | null = null;

  constructor(prompt: ShelvedPrompt, line: PromptLine, ended: (report: PlayReport) => void) {
    this.#prompt = prompt;
    this.#line = line;
    this.#ended = ended;
    this.#packetMs = line.ptimeMs;
    this.#packetSamples = (line.ptimeMs * promptClockRate) / 1000;
    this.#expected = Math.ceil(prompt.samples.length / this.#packetSamples);
  }

  get over(): boolean {
    return this.#over;
  }

  /** The party is at another address now, and may be somebody else: it hears the whole prompt. */
  restart(): void {
    this.#sent = 0;
    this.#nextDue = null;
    this.#firstAt = null;
    this.#lastAt = null;
  }

  /** Sends what is due at `now`; a start, or a new start after a break, counts from `slot`. */
  step(now: MonotonicMs, slot: MonotonicMs): void {
    if (this.#over) return;
    if (!this.#line.canHear) {
      this.#wait(now);
      return;
    }
    const format = this.#line.promptFormat;
    if (format === null) {
      this.#end('no-codec');
      return;
    }
    const resumes = this.#nextDue === null;
    this.#deafSince = null;
    let due = this.#nextDue ?? slot;
    for (let first = resumes; due <= now + earlyMs && this.#sent < this.#expected; first = false) {
      this.#sendNext(format.payloadType, format.codec, first, due, now);
      due = (due + this.#packetMs) as MonotonicMs;
    }
    this.#nextDue = due;
    // The last packet takes its own time to be heard.
    if (due <= now + earlyMs && this.#sent === this.#expected) this.#end('whole');
  }

  stop(): void {
    if (!this.#over) this.#end('stopped');
  }

  #wait(now: MonotonicMs): void {
    this.#nextDue = null;
    this.#deafSince ??= now;
    if (now - this.#deafSince >= hearingPatienceMs) this.#end('no-remote');
  }

  #sendNext(
    payloadType: number,
    codec: PromptCodec,
    first: boolean,
    due: MonotonicMs,
    now: MonotonicMs,
  ): void {
    const octets = this.#prompt.encoded(codec);
    const from = this.#sent * this.#packetSamples;
    const packet = new Uint8Array(rtpHeaderBytes + this.#packetSamples);
    packet.set(octets.subarray(from, from + this.#packetSamples), rtpHeaderBytes);
    if (from + this.#packetSamples > octets.length) {
      packet.fill(silenceOctet[codec], rtpHeaderBytes + octets.length - from);
    }
    this.#line.sendOwn(packet, payloadType, first, this.#packetSamples, due);
    this.#sent += 1;
    this.#codec = codec;
    this.#firstAt ??= now;
    this.#lastAt = now;
  }

  #end(end: PlayReport['end']): void {
    this.#over = true;
    this.#ended({
      prompt: this.#prompt.id,
      codec: this.#codec,
      packetsSent: this.#sent,
      packetsExpected: this.#expected,
      firstPacketAt: this.#firstAt,
      lastPacketAt: this.#lastAt,
      end,
    });
  }
}
