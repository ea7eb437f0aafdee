import type { Socket } from 'node:net';
import type { Logger } from '../../kernel/logger.ts';
import type { Schedule } from '../../kernel/timers.ts';
import type { SipTransport } from '../../sip/transport-name.ts';
import type { LimitOptions } from '../defence/options.ts';
import type { Hop } from '../transaction-layer.ts';
import { Admission, strangerTimeoutMs } from './admission.ts';
import type { Entrance } from './admission.ts';
import { newestConnection } from './newest-connection.ts';
import { StreamConnection } from './stream-connection.ts';
import type { TransportEvents } from './transport.ts';

export interface StreamPoolOptions {
  /** The listener's id and what its connections speak. */
  readonly listener: string;
  readonly transport: SipTransport;
  readonly isPeer: (address: string, port: number) => boolean;
  /** Begins a connection; null: it cannot even begin. `ready`: the event that says it takes messages. */
  readonly dial: (hop: Hop) => { readonly socket: Socket; readonly ready: string } | null;
  /** How often a dialled connection is asked whether it lives. */
  readonly pingMs: () => number;
  readonly limits: LimitOptions;
  /** How long a dialled connection may take until it takes messages. */
  readonly connectTimeoutMs?: number;
  /** That a place takes no connection is nothing to be logged. */
  readonly refusalIsFine?: boolean;
  /** Called once with each socket that is connected. */
  readonly prepare: (socket: Socket) => void;
  readonly schedule: Schedule;
  readonly events: TransportEvents;
  readonly logger: Logger;
  /** Numbers connections uniquely over all listeners. */
  readonly nextConnection: () => number;
}

interface Adopted {
  readonly hop: Hop;
  readonly trusted: boolean;
  readonly pingMs: number | null;
  /** True: it was in use, and its break is worth a line. */
  readonly closed: (broken: string | null) => boolean;
}

const defaultConnectTimeoutMs = 4_000;
/** Places that are remembered as out of reach, so that the log says so once. */
const maxUnreachable = 256;

/** The connections of one listener, accepted and dialled: bounds them, finds them again, tells of their end. */
export class StreamPool {
  readonly #options: StreamPoolOptions;
  readonly #connections = new Map<number, StreamConnection>();
  /** Those that peers have opened, in the order in which they came. */
  readonly #accepted = new Map<number, StreamConnection>();
  /** Dialled connections by where they lead, to be used again (RFC 3261 §18.1.1). */
  readonly #dialled = new Map<string, StreamConnection>();
  readonly #unreachable = new Set<string>();
  /** Who waits for a connection that is being made, by where it leads. */
  readonly #waiting = new Map<string, ((reached: boolean) => void)[]>();
  readonly #admission: Admission;
  #open = true;

  constructor(options: StreamPoolOptions) {
    this.#options = options;
    this.#admission = new Admission({ ...options, others: () => this.#dialled.size });
  }

  /** Decides about an accepted socket before a byte is read. Null: there is no room, and it is destroyed. */
  enter(socket: Socket): Entrance | null {
    return this.#admission.enter(socket);
  }

  /** Reads messages of a socket that was let in. Who is not trusted says one thing, and gets its answer, if any. */
  serve(socket: Socket, { address, port, peer }: Entrance, trusted: boolean): void {
    const hop = this.#hop(address, port);
    const connection = this.#adopt(socket, { hop, trusted, pingMs: null, closed: () => true });
    if (trusted) this.#accepted.set(hop.connection ?? 0, connection);
    if (trusted || !peer) return;
    const stop = this.#options.schedule(strangerTimeoutMs, () => {
      connection.break('stranger');
    });
    socket.once('close', stop);
  }

  #hop(address: string, port: number): Hop {
    const { listener, transport, nextConnection } = this.#options;
    return { listener, transport, address, port, connection: nextConnection() };
  }

  #adopt(socket: Socket, { hop, trusted, pingMs, closed }: Adopted): StreamConnection {
    const { schedule, events, logger, listener, transport, limits } = this.#options;
    const number = hop.connection ?? 0;
    const connection = new StreamConnection(socket, {
      ...{ hop, limits, schedule, pingMs },
      message: (bytes) => {
        events.message(bytes, hop, trusted);
        if (!trusted) connection.end();
      },
      dropped: (reason) => {
        events.dropped(reason);
      },
      closed: (broken) => {
        this.#connections.delete(number);
        this.#accepted.delete(number);
        if (closed(broken) && trusted && broken !== null)
          logger.warn('sip-connection-broken', { listener, transport, address: hop.address, reason: broken });
        if (trusted) events.lost(hop, broken ?? 'ended');
      },
    });
    this.#connections.set(number, connection);
    return connection;
  }

  /** The newest connection that somebody of these has opened; null: there is none. */
  connectionFrom(isTheirs: (address: string, port: number) => boolean): Hop | null {
    return newestConnection(this.#accepted.values(), isTheirs);
  }

  /** Whether the hop's own connection still takes messages. */
  isUsable(connection: number): boolean {
    return this.#connections.get(connection)?.usable ?? false;
  }

  /**
   * Sends by the hop's own connection; where that is gone, by one that its owner has opened since; else by one that
   * leads there already, else by a new one.
   */
  send(bytes: Buffer, hop: Hop, failed: () => void): number | null {
    const connection = this.#ownConnection(hop) ?? this.#connectionTo(hop);
    if (connection === null) {
      queueMicrotask(failed);
      return null;
    }
    connection.send(bytes, failed);
    return connection.hop.connection ?? null;
  }

  #ownConnection({ connection, address }: Hop): StreamConnection | null {
    if (connection === undefined) return null;
    const own = this.#connections.get(connection);
    if (own?.usable === true) return own;
    const since = newestConnection(this.#accepted.values(), (from) => from === address)?.connection;
    return since === undefined ? null : (this.#connections.get(since) ?? null);
  }

  /** Tells whether a connection leads there, at once where that is known. */
  reach(hop: Hop, done: (reached: boolean) => void): void {
    const connection = this.#connectionTo(hop);
    const waiting = this.#waiting.get(keyOf(hop));
    if (connection !== null && waiting !== undefined) waiting.push(done);
    else done(connection !== null);
  }

  #settle(key: string, reached: boolean): void {
    const waiting = this.#waiting.get(key) ?? [];
    this.#waiting.delete(key);
    for (const done of waiting) done(reached);
  }

  #connectionTo(hop: Hop): StreamConnection | null {
    const known = this.#dialled.get(keyOf(hop));
    if (known?.usable === true) return known;
    if (!this.#open || this.#admission.isFull) {
      this.#options.events.dropped('tcp-connections-full');
      return null;
    }
    return this.#dial(hop);
  }

  #dial(place: Hop): StreamConnection | null {
    const { dial, schedule, pingMs, connectTimeoutMs = defaultConnectTimeoutMs } = this.#options;
    const dialled = dial(place);
    if (dialled === null) return null;
    const { socket, ready } = dialled;
    const key = keyOf(place);
    const hop = this.#hop(place.address, place.port);
    let connected = false;
    const connection = this.#adopt(socket, {
      ...{ hop, trusted: true, pingMs: pingMs() },
      closed: (broken) => {
        stop();
        if (!connected) this.#outOfReach(key, hop, broken ?? 'ended');
        if (this.#dialled.get(key) === connection) {
          this.#dialled.delete(key);
          this.#settle(key, false);
        }
        return connected;
      },
    });
    const stop = schedule(connectTimeoutMs, () => {
      connection.break('timeout');
    });
    socket.once(ready, () => {
      stop();
      connected = true;
      this.#options.prepare(socket);
      this.#inReach(key, hop);
      this.#settle(key, true);
    });
    this.#dialled.set(key, connection);
    this.#waiting.set(key, []);
    return connection;
  }

  #outOfReach(key: string, { listener, transport, address, port }: Hop, reason: string): void {
    if (!this.#open || this.#unreachable.has(key) || this.#unreachable.size >= maxUnreachable) return;
    this.#unreachable.add(key);
    if (this.#options.refusalIsFine !== true)
      this.#options.logger.warn('sip-unreachable', { listener, transport, address, port, reason });
  }

  #inReach(key: string, { listener, transport, address, port }: Hop): void {
    if (this.#unreachable.delete(key) && this.#options.refusalIsFine !== true)
      this.#options.logger.info('sip-reachable', { listener, transport, address, port });
  }

  /** Ends every connection once what waits is written. */
  close(): void {
    this.#open = false;
    this.#admission.close();
    for (const connection of this.#connections.values()) connection.end();
  }
}

/** A connection that has proven one name proves nothing of another that DNS puts at the same address. */
function keyOf({ address, port, name }: Hop): string {
  return `${address} ${port} ${name ?? ''}`;
}
