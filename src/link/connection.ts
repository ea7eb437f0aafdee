import type { Socket } from 'node:net';
import { encodeFrame, type FrameFault, FrameReader, maxFrameBytes, maxGreetingBytes } from './framing.ts';

/** Why a connection ended; a closed set, so that it can be a label. */
export type CloseReason =
  | FrameFault
  | 'bad-shape'
  | 'out-of-turn'
  | 'protocol'
  | 'no-greeting'
  | 'slow-reader'
  | 'replaced'
  | 'shutdown'
  | 'peer-closed'
  | 'socket-error';

export interface ConnectionPlan<In> {
  /** Null: not a message of the protocol. */
  readonly parse: (message: unknown) => In | null;
  readonly onMessage: (message: In) => void;
  /** Said once, whoever ended it. `detail` is for the log. */
  readonly onClose: (reason: CloseReason, detail: string | null) => void;
}

/** What may wait for a peer that does not read. */
const maxBufferedBytes = 2 * maxFrameBytes;

/** One socket that speaks frames. *Takes* the socket. */
export class LinkConnection<In, Out> {
  readonly #socket: Socket;
  readonly #plan: ConnectionPlan<In>;
  readonly #reader = new FrameReader(maxGreetingBytes);
  #open = true;

  constructor(socket: Socket, plan: ConnectionPlan<In>) {
    this.#socket = socket;
    this.#plan = plan;
    socket.on('data', (chunk: Buffer) => {
      this.#receive(chunk);
    });
    socket.on('error', (error) => {
      this.#end('socket-error', error.message);
    });
    socket.on('end', () => {
      this.#end('peer-closed', null);
    });
    socket.on('close', () => {
      this.#end('peer-closed', null);
    });
  }

  get open(): boolean {
    return this.#open;
  }

  /** The greeting is over: frames may have their full length. */
  greeted(): void {
    this.#reader.allow(maxFrameBytes);
  }

  /** False: closed, or the message is longer than a frame. */
  send(message: Out): boolean {
    if (!this.#open) return false;
    const frame = encodeFrame(message);
    if (frame === null) return false;
    this.#socket.write(frame);
    if (this.#socket.writableLength > maxBufferedBytes) {
      this.#end('slow-reader', null);
      return false;
    }
    return true;
  }

  /** Says a last word, then closes once it is out. */
  sendLast(message: Out, reason: CloseReason): void {
    if (!this.#open) return;
    const frame = encodeFrame(message);
    this.#open = false;
    if (frame === null) this.#socket.end();
    else this.#socket.end(frame);
    this.#socket.setTimeout(lastWordMs, () => {
      this.#socket.destroy();
    });
    this.#plan.onClose(reason, null);
  }

  close(reason: CloseReason): void {
    this.#end(reason, null);
  }

  #receive(chunk: Buffer): void {
    if (!this.#open) return;
    const fault = this.#reader.push(chunk, (value) => {
      if (!this.#open) return;
      const message = this.#plan.parse(value);
      if (message === null) this.#end('bad-shape', null);
      else this.#plan.onMessage(message);
    });
    if (fault !== null) this.#end(fault, null);
  }

  #end(reason: CloseReason, detail: string | null): void {
    if (!this.#open) return;
    this.#open = false;
    this.#socket.destroy();
    this.#plan.onClose(reason, detail);
  }
}

const lastWordMs = 2000;
