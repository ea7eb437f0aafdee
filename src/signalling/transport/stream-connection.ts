import type { Socket } from 'node:net';
import type { Schedule } from '../../kernel/timers.ts';
import { StreamFramer } from '../../sip/stream-framer.ts';
import type { LimitOptions } from '../defence/options.ts';
import type { Hop } from '../transaction-layer.ts';
import { breakReason } from './break-reason.ts';

export interface StreamConnectionOptions {
  /** With the connection's own number. */
  readonly hop: Hop;
  readonly limits: LimitOptions;
  readonly schedule: Schedule;
  /** How often we ask whether the other side lives; null: it asks us, since it dialled. */
  readonly pingMs: number | null;
  readonly message: (bytes: Buffer) => void;
  readonly dropped: (reason: string) => void;
  /** Null: ended in order, by either side. Else a slug that says how it broke. */
  readonly closed: (broken: string | null) => void;
}

/** What may wait for a peer that does not read. */
const writeQueueBytes = 1024 * 1024;
/** How long `end` waits for the peer to close its side too. */
const endTimeoutMs = 2_000;
const keepAliveMs = 60_000;

/** RFC 5626 §4.4.1: a double CRLF, answered with one. */
const ping = Buffer.from('\r\n\r\n', 'latin1');
const pong = Buffer.from('\r\n', 'latin1');
/** RFC 5626 §4.4.1: "If a pong is not received within 10 seconds [...], the client MUST treat the flow as failed." */
const pongTimeoutMs = 10_000;

/** One connection over TCP or TLS, dialled or accepted: frames what comes, bounds what waits, notices its end. */
export class StreamConnection {
  readonly hop: Hop;
  readonly #socket: Socket;
  readonly #options: StreamConnectionOptions;
  readonly #framer: StreamFramer;
  #deadline: (() => void) | null = null;
  #stopPing: (() => void) | null = null;
  #awaitsPong = false;
  /** Whether it has answered a ping before. Who never did may know no pings, and is not judged by them. */
  #answersPings = false;
  #ended = false;
  #broken: string | null = null;

  constructor(socket: Socket, options: StreamConnectionOptions) {
    this.#socket = socket;
    this.#options = options;
    this.hop = options.hop;
    this.#framer = new StreamFramer(
      {
        message: (bytes) => {
          this.#stopDeadline();
          if (!this.#ended) options.message(bytes);
        },
        ping: () => {
          this.send(pong, () => undefined);
        },
      },
      options.limits,
    );
    socket.setNoDelay(true);
    socket.setKeepAlive(true, keepAliveMs);
    socket.on('data', (chunk: Buffer) => {
      this.#receive(chunk);
    });
    socket.on('error', (error) => {
      this.#broken ??= breakReason(error);
    });
    socket.on('close', () => {
      this.#stopDeadline();
      this.#stopPing?.();
      this.#ended = true;
      options.closed(this.#broken);
    });
    this.#schedulePing();
  }

  /** Whether it takes messages, or will once it is connected. */
  get usable(): boolean {
    return !this.#ended && this.#socket.writable;
  }

  #receive(chunk: Buffer): void {
    if (this.#ended) return;
    const fault = this.#framer.push(chunk);
    if (this.#awaitsPong) {
      // Whatever comes shows that it lives.
      this.#awaitsPong = false;
      if (this.#framer.takeLineEnd()) this.#answersPings = true;
    }
    if (fault !== null) {
      // RFC 3261 §18.3: where a stream cannot be cut any more, the connection is to be closed.
      this.#options.dropped(`stream-${fault}`);
      this.break(fault);
      return;
    }
    if (!this.#framer.partial) this.#stopDeadline();
    // Who is slower holds memory for nothing.
    else
      this.#deadline ??= this.#options.schedule(this.#options.limits.messageSeconds * 1000, () => {
        this.#options.dropped('stream-message-timeout');
        this.break('message-timeout');
      });
  }

  #stopDeadline(): void {
    this.#deadline?.();
    this.#deadline = null;
  }

  #schedulePing(): void {
    const { pingMs, schedule } = this.#options;
    if (pingMs === null) return;
    this.#stopPing = schedule(pingMs, () => {
      this.#awaitsPong = true;
      this.send(ping, () => undefined);
      this.#stopPing = schedule(pongTimeoutMs, () => {
        if (this.#awaitsPong && this.#answersPings) {
          this.break('ping-timeout');
          return;
        }
        this.#awaitsPong = false;
        this.#schedulePing();
      });
    });
  }

  /** *Takes* the bytes. `failed` is called at most once, never before this returns. */
  send(bytes: Buffer, failed: () => void): void {
    if (!this.usable) {
      queueMicrotask(failed);
      return;
    }
    if (this.#socket.writableLength + bytes.length > writeQueueBytes) {
      this.#options.dropped('tcp-write-queue-full');
      queueMicrotask(failed);
      this.break('write-queue-full');
      return;
    }
    this.#socket.write(bytes, (error) => {
      if (error instanceof Error) failed();
    });
  }

  /** Sends what waits, then closes; reads no more. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#socket.end();
    const stop = this.#options.schedule(endTimeoutMs, () => {
      this.#socket.destroy();
    });
    this.#socket.once('close', stop);
  }

  /** Ends it at once; what waits is lost. */
  break(reason: string): void {
    this.#broken ??= reason;
    this.#ended = true;
    this.#socket.destroy();
  }
}
