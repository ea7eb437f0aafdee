import { connect, createServer, isIPv6 } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import type { Schedule } from '../../kernel/timers.ts';
import type { ListenerOptions } from '../options.ts';
import type { Hop } from '../transaction-layer.ts';
import { TcpConnection } from './tcp-connection.ts';
import { bindError, plainAddress } from './transport.ts';
import type { Transport, TransportEvents } from './transport.ts';

export interface TcpTransportOptions {
  readonly listener: ListenerOptions;
  readonly isPeer: (address: string, port: number) => boolean;
  readonly schedule: Schedule;
  readonly events: TransportEvents;
  /** Numbers connections uniquely over all listeners. */
  readonly nextConnection: () => number;
}

/** Accepted and dialled together. */
const maxConnections = 2_048;
/** Accepted from who is no peer: enough to be told 403. */
const maxStrangers = 16;
const strangerTimeoutMs = 5_000;
const connectTimeoutMs = 4_000;

/** One TCP listener, and the connections it accepted and dialled. */
export class TcpTransport implements Transport {
  readonly kind = 'tcp';
  readonly #options: TcpTransportOptions;
  readonly #server: Server;
  readonly #connections = new Map<number, TcpConnection>();
  /** Dialled connections by where they lead, to be used again (RFC 3261 §18.1.1). */
  readonly #dialled = new Map<string, TcpConnection>();
  #strangers = 0;
  #open = true;

  constructor(options: TcpTransportOptions) {
    this.#options = options;
    this.#server = createServer((socket) => {
      this.#accept(socket);
    });
  }

  start(): Promise<{ address: string; port: number }> {
    const { id, address, port } = this.#options.listener;
    return new Promise((resolve, reject) => {
      const refuse = (cause: Error): void => {
        reject(bindError(id, 'tcp', address, port, cause));
      };
      this.#server.once('error', refuse);
      this.#server.listen({ host: address, port, exclusive: true }, () => {
        this.#server.off('error', refuse);
        // Out of file descriptors, most likely: the server lives on and accepts again later.
        this.#server.on('error', () => {
          this.#options.events.dropped('tcp-accept-error');
        });
        resolve({ address, port: (this.#server.address() as AddressInfo).port });
      });
    });
  }

  #accept(socket: Socket): void {
    const address = plainAddress(socket.remoteAddress ?? '');
    const port = socket.remotePort ?? 0;
    const trusted = this.#options.isPeer(address, port);
    const full = this.#connections.size >= maxConnections || (!trusted && this.#strangers >= maxStrangers);
    if (full || !this.#open || address === '') {
      this.#options.events.dropped('tcp-connections-full');
      socket.destroy();
      return;
    }
    const connection = this.#adopt(socket, address, port, trusted, () => {
      if (!trusted) this.#strangers -= 1;
    });
    if (trusted) return;
    this.#strangers += 1;
    const stop = this.#options.schedule(strangerTimeoutMs, () => {
      connection.destroy();
    });
    socket.once('close', stop);
  }

  #adopt(socket: Socket, address: string, port: number, trusted: boolean, closed: () => void): TcpConnection {
    const { listener, schedule, events } = this.#options;
    const number = this.#options.nextConnection();
    const hop: Hop = { listener: listener.id, transport: 'tcp', address, port, connection: number };
    const connection = new TcpConnection(socket, {
      hop,
      schedule,
      message: (bytes) => {
        events.message(bytes, hop, trusted);
        // A stranger has said its one thing and got its answer, if any.
        if (!trusted) connection.end();
      },
      dropped: (reason) => {
        events.dropped(reason);
      },
      closed: () => {
        this.#connections.delete(number);
        closed();
      },
    });
    this.#connections.set(number, connection);
    return connection;
  }

  /** Whether the hop's own connection still takes messages. */
  isUsable(connection: number): boolean {
    return this.#connections.get(connection)?.usable ?? false;
  }

  send(bytes: Buffer, hop: Hop, failed: () => void): void {
    const own = hop.connection === undefined ? undefined : this.#connections.get(hop.connection);
    const connection = own?.usable === true ? own : this.#connectionTo(hop);
    if (connection === null) {
      queueMicrotask(failed);
      return;
    }
    connection.send(bytes, failed);
  }

  #connectionTo(hop: Hop): TcpConnection | null {
    const key = `${hop.address} ${hop.port}`;
    const known = this.#dialled.get(key);
    if (known?.usable === true) return known;
    if (!this.#open || this.#connections.size >= maxConnections) {
      this.#options.events.dropped('tcp-connections-full');
      return null;
    }
    const socket = this.#dial(hop);
    if (socket === null) return null;
    const connection = this.#adopt(socket, hop.address, hop.port, true, () => {
      if (this.#dialled.get(key) === connection) this.#dialled.delete(key);
    });
    this.#dialled.set(key, connection);
    return connection;
  }

  #dial(hop: Hop): Socket | null {
    const { address } = this.#options.listener;
    const everywhere = address === '0.0.0.0' || address === '::';
    try {
      const socket = connect({
        host: hop.address,
        port: hop.port,
        ...(everywhere || isIPv6(address) !== isIPv6(hop.address) ? {} : { localAddress: address }),
      });
      const stop = this.#options.schedule(connectTimeoutMs, () => {
        socket.destroy(new Error('connect timeout'));
      });
      socket.once('connect', stop);
      socket.once('close', stop);
      return socket;
    } catch {
      // Port 0 and the like: net throws for what it can see itself.
      return null;
    }
  }

  close(): Promise<void> {
    if (!this.#open) return Promise.resolve();
    this.#open = false;
    for (const connection of this.#connections.values()) connection.end();
    return new Promise((resolve) => {
      this.#server.close(() => {
        resolve();
      });
    });
  }
}
