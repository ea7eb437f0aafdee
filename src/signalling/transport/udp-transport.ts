import { createSocket } from 'node:dgram';
import type { RemoteInfo, Socket } from 'node:dgram';
import { isIPv4, isIPv6 } from 'node:net';
import { literalLookup } from '../../kernel/literal-lookup.ts';
import type { ListenerOptions } from '../options.ts';
import type { Hop } from '../transaction-layer.ts';
import { StreamPool } from './stream-pool.ts';
import type { StreamPoolOptions } from './stream-pool.ts';
import { dialTcp } from './tcp-transport.ts';
import { bindError, plainAddress } from './transport.ts';
import type { Transport } from './transport.ts';

export interface UdpTransportOptions extends Omit<StreamPoolOptions, 'listener' | 'transport' | 'dial'> {
  readonly listener: ListenerOptions;
  /** Called once with the socket, bound. */
  readonly prepareDatagrams: (socket: Socket) => void;
}

/** RFC 3261 §18.1.1 names no time; a peer on its feet has answered a SYN twice by then. */
const tcpTimeoutMs = 500;

/** Room for a burst of INVITEs while the loop is busy elsewhere; the kernel gives what it allows. */
const receiveBufferBytes = 4 * 1024 * 1024;
/** What may wait in our process because the kernel takes no more. */
const sendQueueBytes = 4 * 1024 * 1024;

/**
 * One UDP socket: sends from the port it listens on, as RFC 3581 §4 needs it. For requests too large for a datagram
 * it dials TCP from its address (RFC 3261 §18.1.1).
 */
export class UdpTransport implements Transport {
  readonly kind = 'udp';
  readonly #options: UdpTransportOptions;
  readonly #socket: Socket;
  readonly #v6: boolean;
  readonly #streams: StreamPool;
  #open = true;

  constructor(options: UdpTransportOptions) {
    this.#options = options;
    this.#v6 = isIPv6(options.listener.address);
    this.#socket = createSocket({ type: this.#v6 ? 'udp6' : 'udp4', lookup: literalLookup });
    this.#streams = new StreamPool({
      ...{ ...options, listener: options.listener.id, transport: 'tcp' },
      ...{ connectTimeoutMs: tcpTimeoutMs, refusalIsFine: true },
      dial: (hop) => dialTcp(options.listener, hop),
    });
    this.#socket.on('message', (bytes, from) => {
      this.#receive(bytes, from);
    });
  }

  start(): Promise<{ address: string; port: number }> {
    const { id, address, port } = this.#options.listener;
    return new Promise((resolve, reject) => {
      const refuse = (cause: Error): void => {
        reject(bindError(id, 'udp', address, port, cause));
      };
      this.#socket.once('error', refuse);
      this.#socket.bind({ address, port, exclusive: true }, () => {
        this.#socket.off('error', refuse);
        // An ICMP error of some datagram; the transaction's own timers know what to do.
        this.#socket.on('error', () => {
          this.#options.events.dropped('udp-socket-error');
        });
        this.#enlargeBuffer();
        this.#options.prepareDatagrams(this.#socket);
        resolve({ address, port: this.#socket.address().port });
      });
    });
  }

  #enlargeBuffer(): void {
    try {
      this.#socket.setRecvBufferSize(receiveBufferBytes);
    } catch {
      this.#options.events.dropped('udp-buffer-refused');
    }
  }

  #receive(bytes: Buffer, from: RemoteInfo): void {
    const address = plainAddress(from.address);
    const source: Hop = {
      listener: this.#options.listener.id,
      transport: 'udp',
      address,
      port: from.port,
    };
    this.#options.events.message(bytes, source, this.#options.isPeer(address, from.port));
  }

  send(bytes: Buffer, hop: Hop, failed: () => void): number | null {
    if (hop.transport !== 'udp') return this.#streams.send(bytes, hop, failed);
    if (!this.#open || this.#socket.getSendQueueSize() > sendQueueBytes) {
      this.#options.events.dropped('udp-send-queue-full');
      queueMicrotask(failed);
      return null;
    }
    const address = this.#v6 && isIPv4(hop.address) ? `::ffff:${hop.address}` : hop.address;
    try {
      this.#socket.send(bytes, hop.port, address, (error) => {
        if (error !== null) failed();
      });
    } catch {
      // Port 0 and the like: dgram throws for what it can see itself.
      queueMicrotask(failed);
    }
    return null;
  }

  isUsable(connection: number): boolean {
    return this.#streams.isUsable(connection);
  }

  connectionFrom(): null {
    return null;
  }

  /** Tells whether a TCP connection leads to a UDP hop; at once where that is known. */
  reachByTcp(hop: Hop, done: (reached: boolean) => void): void {
    this.#streams.reach(hop, done);
  }

  reload(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    if (!this.#open) return Promise.resolve();
    this.#open = false;
    this.#streams.close();
    return new Promise((resolve) => {
      this.#socket.close(resolve);
    });
  }
}
