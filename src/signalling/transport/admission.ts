import type { Socket } from 'node:net';
import type { Schedule } from '../../kernel/timers.ts';
import type { LimitOptions } from '../defence/options.ts';
import { plainAddress } from './transport.ts';
import type { TransportEvents } from './transport.ts';

export interface AdmissionOptions {
  readonly isPeer: (address: string, port: number) => boolean;
  /** Connections that were not accepted but count too. */
  readonly others: () => number;
  readonly limits: LimitOptions;
  /** Called once with each socket that is let in. */
  readonly prepare: (socket: Socket) => void;
  readonly schedule: Schedule;
  readonly events: TransportEvents;
}

/** An accepted socket that was let in, and by whom it is held. */
export interface Entrance {
  readonly address: string;
  readonly port: number;
  /** By its address; what it proves beyond may take that back. */
  readonly peer: boolean;
}

/** Accepted and dialled together. */
const maxConnections = 2_048;
/** Accepted from who is no peer: enough to be told 403. */
const maxStrangers = 16;
/** How long who is not trusted may stay. */
export const strangerTimeoutMs = 5_000;

/** Decides about accepted sockets of a listener before a byte is read, and counts those that stay. */
export class Admission {
  readonly #options: AdmissionOptions;
  /** Sockets let in that are not closed. */
  #entered = 0;
  /** The same by address. */
  readonly #sources = new Map<string, number>();
  #strangers = 0;
  #open = true;

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  /** Null: there is no room, and the socket is destroyed. */
  enter(socket: Socket): Entrance | null {
    const address = plainAddress(socket.remoteAddress ?? '');
    const port = socket.remotePort ?? 0;
    const peer = this.#options.isPeer(address, port);
    if (this.isFull || this.#hasTooMany(address, peer) || !this.#open || address === '') {
      this.#options.events.dropped('tcp-connections-full');
      socket.destroy();
      return null;
    }
    this.#options.prepare(socket);
    this.#count(address, 1);
    if (!peer) this.#strangers += 1;
    const stop = peer
      ? () => undefined
      : this.#options.schedule(strangerTimeoutMs, () => {
          socket.destroy();
        });
    socket.once('close', () => {
      stop();
      this.#count(address, -1);
      if (!peer) this.#strangers -= 1;
    });
    return { address, port, peer };
  }

  #hasTooMany(address: string, peer: boolean): boolean {
    if (!peer && this.#strangers >= maxStrangers) return true;
    return (this.#sources.get(address) ?? 0) >= this.#options.limits.connectionsPerSource;
  }

  #count(address: string, change: 1 | -1): void {
    this.#entered += change;
    const own = (this.#sources.get(address) ?? 0) + change;
    if (own > 0) this.#sources.set(address, own);
    else this.#sources.delete(address);
  }

  get isFull(): boolean {
    return this.#entered + this.#options.others() >= maxConnections;
  }

  /** From now on nobody is let in. */
  close(): void {
    this.#open = false;
  }
}
