import { defaultLimits } from './limits.ts';
import type { MessageLimits } from './limits.ts';
import { parseDecimal, trimmed } from './text.ts';

/** Why a stream cannot be cut into messages any more: its connection is to be ended (RFC 3261 §18.3). */
export type FramingFault = 'head-too-long' | 'message-too-long' | 'no-content-length' | 'bad-content-length';

export interface FramerEvents {
  /** One whole message. *Gives* the bytes: they are the receiver's own. */
  message(bytes: Buffer): void;
  /** A double CRLF between messages: RFC 5626 §3.5.1 answers it with one CRLF. */
  ping(): void;
}

/** Cuts a stream into messages by Content-Length (RFC 3261 §18.3). */
export class StreamFramer {
  readonly #events: FramerEvents;
  readonly #limits: MessageLimits;
  #buffer = Buffer.allocUnsafe(4096);
  #length = 0;
  /** Where the message being read begins. */
  #start = 0;
  /** Line ends seen since the last message or ping. */
  #lineEnds = 0;
  /** How far the end of the head was looked for. */
  #searched = 0;
  /** The whole length of the message being read; -1: its head is not complete. */
  #expected = -1;
  #fault: FramingFault | null = null;

  constructor(events: FramerEvents, limits: MessageLimits = defaultLimits) {
    this.#events = events;
    this.#limits = limits;
  }

  /** Whether bytes of an unfinished message wait. */
  get partial(): boolean {
    return this.#length > 0;
  }

  /** Whether one line end alone has come since the last message: the answer to a ping (RFC 5626 §4.4.1). Takes it. */
  takeLineEnd(): boolean {
    const alone = this.#lineEnds === 1 && !this.partial;
    if (alone) this.#lineEnds = 0;
    return alone;
  }

  /** Takes in a chunk, *borrowed* until return. A fault is final: nothing more is read. */
  push(chunk: Uint8Array): FramingFault | null {
    let from = 0;
    while (from < chunk.length) {
      if (this.#fault !== null) break;
      // Never more than one message is held, so a chunk of any size costs no more than its copy.
      const room = this.#limits.messageBytes - this.#length;
      const take = Math.min(room, chunk.length - from);
      this.#append(chunk.subarray(from, from + take));
      from += take;
      this.#drain();
    }
    return this.#fault;
  }

  #append(bytes: Uint8Array): void {
    const needed = this.#length + bytes.length;
    if (needed > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(
        Math.min(this.#limits.messageBytes, Math.max(needed, this.#buffer.length * 2)),
      );
      this.#buffer.copy(larger, 0, 0, this.#length);
      this.#buffer = larger;
    }
    this.#buffer.set(bytes, this.#length);
    this.#length = needed;
  }

  #drain(): void {
    let from = 0;
    let frameEnd = this.#nextFrame(from);
    while (frameEnd >= 0) {
      this.#events.message(Buffer.from(this.#buffer.subarray(this.#start, frameEnd)));
      from = frameEnd;
      frameEnd = this.#nextFrame(from);
    }
    // What is left begins with an unfinished message, or with nothing.
    this.#buffer.copyWithin(0, this.#start, this.#length);
    this.#length -= this.#start;
    this.#searched -= this.#start;
    this.#start = 0;
  }

  /** The end of the message that begins at `from`, which becomes `#start`; -1: it is not complete. */
  #nextFrame(from: number): number {
    if (this.#expected < 0) {
      this.#start = this.#skipLineEnds(from);
      this.#searched = Math.max(this.#searched, this.#start);
      this.#expected = this.#readLength();
    }
    const end = this.#start + this.#expected;
    if (this.#expected < 0 || end > this.#length) return -1;
    this.#expected = -1;
    this.#searched = end;
    this.#lineEnds = 0;
    return end;
  }

  /** RFC 3261 §7.5: CRLFs before a start-line are ignored; two of them are a ping (RFC 5626 §4.4.1). */
  #skipLineEnds(from: number): number {
    let at = from;
    while (at < this.#length) {
      const byte = this.#buffer[at];
      if (byte !== 0x0a && byte !== 0x0d) break;
      if (byte === 0x0a) this.#lineEnds += 1;
      if (this.#lineEnds === 2) {
        this.#lineEnds = 0;
        this.#events.ping();
      }
      at += 1;
    }
    return at;
  }

  /** The message's whole length once its head is complete, else -1. */
  #readLength(): number {
    const headEnd = this.#endOfHead();
    const headLength = (headEnd < 0 ? this.#length : headEnd) - this.#start;
    if (headLength > this.#limits.headBytes) return this.#fail('head-too-long');
    if (headEnd < 0) return -1;
    const body = contentLength(this.#buffer.toString('latin1', this.#start, headEnd));
    if (typeof body === 'string') return this.#fail(body);
    const total = headLength + body;
    const tooLong = total > this.#limits.messageBytes || body > this.#limits.bodyBytes;
    return tooLong ? this.#fail('message-too-long') : total;
  }

  /** The index after the empty line, whether its lines end in CRLF or LF; -1: not there yet. */
  #endOfHead(): number {
    const bytes = this.#buffer.subarray(0, this.#length);
    let lineFeed = bytes.indexOf(0x0a, this.#searched);
    while (lineFeed >= 0) {
      const after = lineFeed + (bytes[lineFeed + 1] === 0x0d ? 2 : 1);
      if (bytes[after] === 0x0a) return after + 1;
      lineFeed = bytes.indexOf(0x0a, lineFeed + 1);
    }
    // An empty line may have begun within the last three bytes.
    this.#searched = Math.max(this.#start, this.#length - 3);
    return -1;
  }

  #fail(fault: FramingFault): number {
    this.#fault = fault;
    return -1;
  }
}

/**
 * RFC 3261 §20.14: over a stream Content-Length MUST be used. Two that stand in one message are two ways to cut
 * the stream, of which the wrong one smuggles a message: that ends the connection.
 */
function contentLength(head: string): number | FramingFault {
  const field = /\n(?:content-length|l)[ \t]*:((?:[^\r\n]|\r?\n[ \t])*)/gi;
  const first = field.exec(head)?.[1];
  if (first === undefined) return 'no-content-length';
  if (field.exec(head) !== null) return 'bad-content-length';
  const text = first.replace(/\r?\n/g, '');
  return parseDecimal(trimmed(text, 0, text.length), Number.MAX_SAFE_INTEGER) ?? 'bad-content-length';
}
