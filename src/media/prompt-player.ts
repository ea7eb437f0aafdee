import type { MonotonicMs } from '../kernel/clock.ts';
import { rtpHeaderBytes } from '../rtp/rtp-view.ts';
import { type PromptCodec, type PromptFormat, promptPacketMs, type ShelvedPrompt } from './prompt-shelf.ts';
import type { PlayReport } from './protocol.ts';

/** How long a party that cannot hear (no remote yet, or on hold) is waited for. */
const hearingPatienceMs = 5000;
/** No packet of a prompt has more payload: 60 ms of G.711 are 480 octets, of Opus about 200. */
const longestPayload = 1200;
/** A timer that fires this much early still serves its slot. */
const earlyMs = 0.5;

/** The party's side of a prompt. */
export interface PromptLine {
  /** It has a remote and may receive. */
  readonly canHear: boolean;
  /** The first negotiated format that prompts can be encoded in. */
  readonly promptFormat: PromptFormat | null;
  readonly ptimeMs: number;
  /** What the party has reported of the prompt. */
  readonly reported: PlayReport['reported'];
  /**
   * Numbers and sends a packet whose payload starts behind the room for its header. *Takes* the packet.
   * `first`: it starts the prompt, or goes on after a break. `due`: when it had to leave.
   */
  sendOwn(packet: Uint8Array, format: PromptFormat, first: boolean, lengthMs: number, due: MonotonicMs): void;
}

export interface PromptHooks {
  readonly ended: (report: PlayReport) => void;
  /** A packet went out, in clear, as its party gets it. *Lends* it until return. */
  readonly sent?: (packet: Uint8Array, due: MonotonicMs) => void;
}

/** `prompt` tells its party; `ringing` begins again at its end, and makes way for whoever speaks; `beep` says that a recording runs. */
export type PlayedKind = 'prompt' | 'ringing' | 'beep';

/**
 * One prompt to one party. Packets are due at the start plus a multiple of the packet time, whenever the
 * ticks come: a late tick sends all that is due and no more. Where the party cannot hear in mid-prompt, it
 * stops there and goes on once the party is back.
 */
export class PromptPlayer {
  readonly kind: PlayedKind;
  readonly #prompt: ShelvedPrompt;
  readonly #line: PromptLine;
  readonly #hooks: PromptHooks;
  readonly #packetMs: number;
  readonly #expected: number;
  readonly #packet = new Uint8Array(rtpHeaderBytes + longestPayload);
  #sent = 0;
  #nextDue: MonotonicMs | null = null;
  #deafSince: MonotonicMs | null = null;
  #over = false;
  #codec: PromptCodec | null = null;
  #firstAt: MonotonicMs | null = null;
  #lastAt: MonotonicMs | null = null;

  constructor(prompt: ShelvedPrompt, line: PromptLine, kind: PlayedKind, hooks: PromptHooks) {
    this.kind = kind;
    this.#prompt = prompt;
    this.#line = line;
    this.#hooks = hooks;
    this.#packetMs = promptPacketMs(line.ptimeMs);
    this.#expected = Math.ceil(prompt.durationMs / this.#packetMs);
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
      this.#sendNext(format, first, due, now);
      due = (due + this.#packetMs) as MonotonicMs;
      if (this.kind === 'ringing' && this.#sent === this.#expected) this.#sent = 0;
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

  #sendNext(format: PromptFormat, first: boolean, due: MonotonicMs, now: MonotonicMs): void {
    const from = this.#sent * this.#packetMs;
    const length = this.#prompt.write(format.codec, from, this.#packetMs, this.#packet, rtpHeaderBytes);
    const packet = this.#packet.slice(0, rtpHeaderBytes + length);
    this.#line.sendOwn(packet, format, first, this.#packetMs, due);
    this.#hooks.sent?.(packet, due);
    this.#sent += 1;
    this.#codec = format.codec;
    this.#firstAt ??= now;
    this.#lastAt = now;
  }

  #end(end: PlayReport['end']): void {
    this.#over = true;
    this.#hooks.ended({
      prompt: this.#prompt.id,
      codec: this.#codec,
      packetsSent: this.#sent,
      packetsExpected: this.#expected,
      firstPacketAt: this.#firstAt,
      lastPacketAt: this.#lastAt,
      end,
      reported: this.#line.reported,
    });
  }
}
