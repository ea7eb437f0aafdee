import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import type { Clock } from '../../kernel/clock.ts';
import type { Logger } from '../../kernel/logger.ts';
import type { Meter } from '../../kernel/meter.ts';
import type { ListenerOptions } from '../options.ts';
import type { Hop } from '../transaction-layer.ts';
import { Admission, strangerTimeoutMs } from './admission.ts';
import type { AdmissionOptions, Entrance } from './admission.ts';
import { type CertificateRules, provesItself } from './certificate-rules.ts';
import { newestConnection } from './newest-connection.ts';
import { StreamServer } from './stream-server.ts';
import { TlsGate } from './tls-gate.ts';
import type { Transport } from './transport.ts';
import { WsConnection } from './ws-connection.ts';
import { WsHandshake } from './ws-handshake.ts';

export interface WsTransportOptions extends Omit<AdmissionOptions, 'others'> {
  readonly listener: ListenerOptions;
  readonly kind: 'ws' | 'wss';
  readonly rules: CertificateRules;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly meter: Meter;
  /** Numbers connections uniquely over all listeners. */
  readonly nextConnection: () => number;
}

/** One WebSocket listener (RFC 7118) and its connections, all of which others have opened. */
export class WsTransport implements Transport {
  readonly kind: 'ws' | 'wss';
  readonly #options: WsTransportOptions;
  readonly #admission: Admission;
  /** Null: without TLS. */
  readonly #gate: TlsGate | null;
  readonly #handshake: WsHandshake;
  readonly #server: StreamServer;
  readonly #connections = new Map<number, WsConnection>();
  /** Those of peers, in the order in which they came. */
  readonly #accepted = new Map<number, WsConnection>();

  constructor(options: WsTransportOptions) {
    const { kind, listener, limits, events } = options;
    this.kind = kind;
    this.#options = options;
    this.#admission = new Admission({ ...options, others: () => 0 });
    this.#gate = kind === 'wss' ? new TlsGate(options) : null;
    this.#handshake = new WsHandshake({
      ...options,
      origins: listener.origins ?? null,
      messageBytes: limits.messageBytes,
    });
    this.#server = new StreamServer(listener, events, (raw) => {
      this.#accept(raw);
    });
  }

  #accept(raw: Socket): void {
    const entrance = this.#admission.enter(raw);
    if (entrance === null) return;
    const shake = (socket: Socket, trusted: boolean): void => {
      this.#handshake.accept(socket, (websocket) => {
        this.#serve(websocket, entrance, trusted);
      });
    };
    if (this.#gate === null) {
      shake(raw, entrance.peer);
      return;
    }
    const { rules, listener, events } = this.#options;
    this.#gate.accept(raw, (socket, names) => {
      const proven = provesItself(rules, listener.id, entrance, names);
      if (!proven) events.dropped('certificate-required');
      shake(socket, entrance.peer && proven);
    });
  }

  #serve(websocket: WebSocket, { address, port, peer }: Entrance, trusted: boolean): void {
    const { listener, nextConnection, schedule, events, logger } = this.#options;
    const number = nextConnection();
    const hop: Hop = { listener: listener.id, transport: this.kind, address, port, connection: number };
    const connection = new WsConnection(websocket, {
      ...{ hop, schedule },
      message: (bytes) => {
        events.message(bytes, hop, trusted);
        // A stranger has said its one thing and got its answer, if any.
        if (!trusted) connection.end();
      },
      dropped: (reason) => {
        events.dropped(reason);
      },
      closed: (broken) => {
        this.#connections.delete(number);
        this.#accepted.delete(number);
        if (!trusted) return;
        const fields = { listener: listener.id, transport: this.kind, address };
        if (broken !== null) logger.warn('sip-connection-broken', { ...fields, reason: broken });
        events.lost(hop, broken ?? 'ended');
      },
    });
    this.#connections.set(number, connection);
    if (trusted) this.#accepted.set(number, connection);
    if (trusted || !peer) return;
    const stop = schedule(strangerTimeoutMs, () => {
      connection.break('stranger');
    });
    websocket.once('close', stop);
  }

  async start(): Promise<{ address: string; port: number }> {
    await this.#gate?.open();
    return this.#server.start();
  }

  isUsable(connection: number): boolean {
    return this.#connections.get(connection)?.usable ?? false;
  }

  connectionFrom(isTheirs: (address: string, port: number) => boolean): Hop | null {
    return newestConnection(this.#accepted.values(), isTheirs);
  }

  /** RFC 7118 §5: nobody can be dialled here; what has no connection any more cannot be sent. */
  send(bytes: Buffer, hop: Hop, failed: () => void): number | null {
    const own = hop.connection === undefined ? undefined : this.#connections.get(hop.connection);
    const connection = own?.usable === true ? own : this.#openedSince(hop);
    if (connection === null) {
      queueMicrotask(failed);
      return null;
    }
    connection.send(bytes, failed);
    return connection.hop.connection ?? null;
  }

  #openedSince({ connection, address }: Hop): WsConnection | null {
    if (connection === undefined) return null;
    const since = newestConnection(this.#accepted.values(), (from) => from === address)?.connection;
    return since === undefined ? null : (this.#accepted.get(since) ?? null);
  }

  async reload(): Promise<void> {
    await this.#gate?.reload();
  }

  close(): Promise<void> {
    this.#admission.close();
    this.#gate?.close();
    for (const connection of this.#connections.values()) connection.end();
    return this.#server.close();
  }
}
