import type { ListenerOptions } from '../options.ts';
import type { Hop } from '../transaction-layer.ts';
import { type CertificateRules, provesItself } from './certificate-rules.ts';
import { StreamPool } from './stream-pool.ts';
import type { StreamPoolOptions } from './stream-pool.ts';
import { StreamServer } from './stream-server.ts';
import { TlsGate } from './tls-gate.ts';
import type { TlsGateOptions } from './tls-gate.ts';
import type { Transport } from './transport.ts';

export interface TlsTransportOptions
  extends Omit<StreamPoolOptions, 'listener' | 'transport' | 'dial'>,
    TlsGateOptions {
  readonly listener: ListenerOptions;
  readonly rules: CertificateRules;
}

/** One TLS listener, and the connections it accepted and dialled. */
export class TlsTransport implements Transport {
  readonly kind = 'tls';
  readonly #gate: TlsGate;
  readonly #server: StreamServer;
  readonly #pool: StreamPool;

  constructor(options: TlsTransportOptions) {
    const { listener, rules, events } = options;
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
        const proven = provesItself(rules, listener.id, entrance, names);
        if (!proven) events.dropped('certificate-required');
        this.#pool.serve(socket, entrance, entrance.peer && proven);
      });
    });
  }

  async start(): Promise<{ address: string; port: number }> {
    await this.#gate.open();
    return this.#server.start();
  }

  isUsable(connection: number): boolean {
    return this.#pool.isUsable(connection);
  }

  connectionFrom(isTheirs: (address: string, port: number) => boolean): Hop | null {
    return this.#pool.connectionFrom(isTheirs);
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
