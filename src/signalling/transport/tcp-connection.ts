import type { Socket } from 'node:net';
import type { Schedule } from '../../kernel/timers.ts';
import { StreamFramer } from '../../sip/stream-framer.ts';
import type { Hop } from '../transaction-layer.ts';

export interface TcpConnectionOptions {
  /** With the connection's own number. */
  readonly hop: Hop;
  readonly schedule: Schedule;
  readonly message: (bytes: Buffer) => void;
  readonly dropped: (reason: string) => void;
  readonly closed: () => void;
}

/** From the first byte of a message to its last: who is slower holds memory for nothing. */
const messageTimeoutMs = 10_000;
/** What may wait for a peer that does not read. */
const writeQueueBytes = 1024 * 1024;
/** How long `end` waits for the peer to close its side too. */
const endTimeoutMs = 2_000;
const keepAliveMs = 60_000;

/** RFC 5626 §4.4.1: the answer to a ping. */
const pong = Buffer.from('\r\n', 'latin1');

/** One connection, dialled or accepted: frames what comes, bounds what waits. */
export class TcpConnection {
  readonly hop: Hop;
  readonly #socket: Socket;
  readonly #options: TcpConnectionOptions;
  readonly #framer: StreamFramer;
  #deadline: (() => void) | null = null;
  #ended = false;

  constructor(socket: Socket, options: TcpConnectionOptions) {
    this.#socket = socket;
    this.#options = options;
    this.hop = options.hop;
    this.#framer = new StreamFramer({
      message: (bytes) => {
        this.#stopDeadline();
        if (!this.#ended) options.message(bytes);
      },
      ping: () => {
        this.send(pong, () => undefined);
      },
    });
    socket.setNoDelay(true);
    socket.setKeepAlive(true, keepAliveMs);
    socket.on('data', (chunk: Buffer) => {
      this.#receive(chunk);
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#stopDeadline();
      this.#ended = true;
      options.closed();
    });
  }

  /** Whether it takes messages, or will once it is connected. */
  get usable(): boolean {
    return !this.#ended && this.#socket.writable;
  }

  #receive(chunk: Buffer): void {
    if (this.#ended) return;
    const fault = this.#framer.push(chunk);
    if (fault !== null) {
      // RFC 3261 §18.3: where a stream cannot be cut any more, the connection is to be closed.
      this.#options.dropped(`stream-${fault}`);
      this.destroy();
      return;
    }
    if (!this.#framer.partial) this.#stopDeadline();
    else
      this.#deadline ??= this.#options.schedule(messageTimeoutMs, () => {
        this.#options.dropped('stream-message-timeout');
        this.destroy();
      });
  }

  #stopDeadline(): void {
    this.#deadline?.();
    this.#deadline = null;
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
      this.destroy();
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

  destroy(): void {
    this.#ended = true;
    this.#socket.destroy();
  }
}
