import type { ListenerOptions } from '../options.ts';
import type { Hop } from '../transaction-layer.ts';
import type { CertificateRules } from './certificate-rules.ts';
import { StreamPool } from './stream-pool.ts';
import type { Entrance, StreamPoolOptions } from './stream-pool.ts';
import { StreamServer } from './stream-server.ts';
import { TlsGate } from './tls-gate.ts';
import type { TlsGateOptions } from './tls-gate.ts';
import type { Transport, TransportEvents } from './transport.ts';

export interface TlsTransportOptions
  extends Omit<StreamPoolOptions, 'listener' | 'transport' | 'dial'>,
    TlsGateOptions {
  readonly listener: ListenerOptions;
  readonly rules: CertificateRules;
}

/** One TLS listener, and the connections it accepted and dialled. */
export class TlsTransport implements Transport {
  readonly kind = 'tls';
  readonly #listener: string;
  readonly #rules: CertificateRules;
  readonly #events: TransportEvents;
  readonly #gate: TlsGate;
  readonly #server: StreamServer;
  readonly #pool: StreamPool;

  constructor(options: TlsTransportOptions) {
    const { listener, rules, events } = options;
    this.#listener = listener.id;
    this.#rules = rules;
    this.#events = events;
    this.#gate = new TlsGate(options);
    this.#pool = new StreamPool({
      ...options,
      listener: listener.id,
      transport: 'tls',
      dial: (hop) => {
        const socket = this.#gate.dial(hop, rules.accepted(hop));
        return socket === null ? null : { socket, ready: 'secureConnect' };
      },
    });
    this.#server = new StreamServer(listener, events, (raw) => {
      const entrance = this.#pool.enter(raw);
      if (entrance === null) return;
      this.#gate.accept(raw, (socket, names) => {
        this.#pool.serve(socket, entrance, this.#isTrusted(entrance, names));
      });
    });
  }

  /** RFC 5922 §7.4: a peer that is known by its certificate is itself only with it. */
  #isTrusted({ address, port, peer }: Entrance, names: readonly string[] | null): boolean {
    if (!peer) return false;
    const required = this.#rules.required(this.#listener, address, port);
    if (required === null || names?.includes(required.toLowerCase()) === true) return true;
    this.#events.dropped('certificate-required');
    return false;
  }

  async start(): Promise<{ address: string; port: number }> {
    await this.#gate.open();
    return this.#server.start();
  }

  isUsable(connection: number): boolean {
    return this.#pool.isUsable(connection);
  }

  send(bytes: Buffer, hop: Hop, failed: () => void): number | null {
    return this.#pool.send(bytes, hop, failed);
  }

  reload(): Promise<void> {
    return this.#gate.reload();
  }

  close(): Promise<void> {
    this.#gate.close();
    this.#pool.close();
    return this.#server.close();
  }
}
