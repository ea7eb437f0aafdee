import { isUtf8 } from 'node:buffer';
import type { RawData, WebSocket } from 'ws';
import type { Schedule } from '../../kernel/timers.ts';
import type { Hop } from '../transaction-layer.ts';

export interface WsConnectionOptions {
  /** With the connection's own number. */
  readonly hop: Hop;
  readonly schedule: Schedule;
  readonly message: (bytes: Buffer) => void;
  readonly dropped: (reason: string) => void;
  /** Null: ended in order, by either side. Else a slug that says how it broke. */
  readonly closed: (broken: string | null) => void;
}

/** What may wait for a peer that does not read. */
const writeQueueBytes = 1024 * 1024;
/** RFC 7118 §6: NATs and proxies in between forget a connection that is silent for a minute. */
const pingMs = 25_000;
const pongTimeoutMs = 10_000;
/** RFC 6455 §7.1.1: how long the other side may take to end the TCP connection. */
const endTimeoutMs = 2_000;
/** RFC 6455 §7.4.1: closing in order, and for who may not be here. */
const normalClosure = 1000;

const doubleLineEnd = Buffer.from('\r\n\r\n', 'latin1');
const lineEnd = Buffer.from('\r\n', 'latin1');

/** One WebSocket connection: each of its messages is a SIP message (RFC 7118 §4.2). */
export class WsConnection {
  readonly hop: Hop;
  readonly #socket: WebSocket;
  readonly #options: WsConnectionOptions;
  #stopPing: (() => void) | null = null;
  #awaitsPong = false;
  #broken: string | null = null;
  #ended = false;

  constructor(socket: WebSocket, options: WsConnectionOptions) {
    this.hop = options.hop;
    this.#socket = socket;
    this.#options = options;
    socket.on('message', (data) => {
      this.#receive(bytesOf(data));
    });
    // Too large a message, a frame that breaks RFC 6455, or a broken connection: it closes by itself.
    socket.on('error', (error) => {
      const broken = 'code' in error && String(error.code).startsWith('WS_ERR') ? 'protocol' : 'reset';
      if (broken === 'protocol') options.dropped('ws-protocol');
      this.#broken ??= broken;
    });
    socket.on('pong', () => {
      this.#awaitsPong = false;
    });
    socket.on('close', () => {
      this.#stopPing?.();
      this.#ended = true;
      options.closed(this.#broken);
    });
    this.#schedulePing();
  }

  get usable(): boolean {
    return !this.#ended && this.#socket.readyState === this.#socket.OPEN;
  }

  #receive(bytes: Buffer): void {
    if (this.#ended) return;
    // RFC 7118 §6 and RFC 5626 §4.4.1: clients that may send no WebSocket pings send these.
    if (bytes.equals(doubleLineEnd)) this.send(lineEnd, () => undefined);
    else this.#options.message(bytes);
  }

  /**
   * A pong has to come within 10 s. One cannot come in mid-frame, so who trickles a message is found out too.
   */
  #schedulePing(): void {
    const { schedule } = this.#options;
    this.#stopPing = schedule(pingMs, () => {
      this.#awaitsPong = true;
      this.#socket.ping();
      this.#stopPing = schedule(pongTimeoutMs, () => {
        if (this.#awaitsPong) this.break('ping-timeout');
        else this.#schedulePing();
      });
    });
  }

  /** *Takes* the bytes. `failed` is called at most once, never before this returns. */
  send(bytes: Buffer, failed: () => void): void {
    if (!this.usable) {
      queueMicrotask(failed);
      return;
    }
    if (this.#socket.bufferedAmount + bytes.length > writeQueueBytes) {
      this.#options.dropped('tcp-write-queue-full');
      queueMicrotask(failed);
      this.break('write-queue-full');
      return;
    }
    // RFC 7118 §5.2.4 leaves the choice; browsers like text best, which RFC 6455 §5.6 wants to be UTF-8.
    this.#socket.send(bytes, { binary: !isUtf8(bytes) }, (error) => {
      if (error instanceof Error) failed();
    });
  }

  /** Sends what waits, then closes; reads no more. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#socket.close(normalClosure);
    const stop = this.#options.schedule(endTimeoutMs, () => {
      this.#socket.terminate();
    });
    this.#socket.once('close', stop);
  }

  /** Ends it at once; what waits is lost. */
  break(reason: string): void {
    this.#broken ??= reason;
    this.#ended = true;
    this.#socket.terminate();
  }
}

function bytesOf(data: RawData): Buffer {
  if (Buffer.isBuffer(data)) return data;
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
}
