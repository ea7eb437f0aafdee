import { connect, isIPv6 } from 'node:net';
import type { Socket } from 'node:net';
import type { ListenerOptions } from '../options.ts';
import type { Hop } from '../transaction-layer.ts';
import { StreamPool } from './stream-pool.ts';
import type { StreamPoolOptions } from './stream-pool.ts';
import { StreamServer } from './stream-server.ts';
import type { Transport } from './transport.ts';

export interface TcpTransportOptions extends Omit<StreamPoolOptions, 'listener' | 'transport' | 'dial'> {
  readonly listener: ListenerOptions;
}

/** One TCP listener, and the connections it accepted and dialled. */
export class TcpTransport implements Transport {
  readonly kind = 'tcp';
  readonly #server: StreamServer;
  readonly #pool: StreamPool;

  constructor(options: TcpTransportOptions) {
    const { listener } = options;
    this.#pool = new StreamPool({
      ...options,
      listener: listener.id,
      transport: 'tcp',
      dial: (hop) => dialTcp(listener, hop),
    });
    this.#server = new StreamServer(listener, options.events, (socket) => {
      const entrance = this.#pool.enter(socket);
      if (entrance !== null) this.#pool.serve(socket, entrance, entrance.peer);
    });
  }

  start(): Promise<{ address: string; port: number }> {
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
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.#pool.close();
    return this.#server.close();
  }
}

/** A socket on its way from the listener's own address; null: where it cannot even begin. */
export function dialTcp(
  { address }: ListenerOptions,
  hop: Hop,
): { readonly socket: Socket; readonly ready: 'connect' } | null {
  const everywhere = address === '0.0.0.0' || address === '::';
  const from = everywhere || isIPv6(address) !== isIPv6(hop.address) ? {} : { localAddress: address };
  try {
    return { socket: connect({ host: hop.address, port: hop.port, ...from }), ready: 'connect' };
  } catch {
    // Port 0 and the like: net throws for what it can see itself.
    return null;
  }
}
