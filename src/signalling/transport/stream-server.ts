import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import type { ListenerOptions } from '../options.ts';
import { bindError } from './transport.ts';
import type { TransportEvents } from './transport.ts';

/** Binds a listener's address and hands out the sockets that it accepts. */
export class StreamServer {
  readonly #listener: ListenerOptions;
  readonly #events: TransportEvents;
  readonly #server: Server;
  #open = true;

  constructor(listener: ListenerOptions, events: TransportEvents, accepted: (socket: Socket) => void) {
    this.#listener = listener;
    this.#events = events;
    this.#server = createServer(accepted);
  }

  start(): Promise<{ address: string; port: number }> {
    const { id, transport, address, port } = this.#listener;
    return new Promise((resolve, reject) => {
      const refuse = (cause: Error): void => {
        reject(bindError(id, transport, address, port, cause));
      };
      this.#server.once('error', refuse);
      this.#server.listen({ host: address, port, exclusive: true }, () => {
        this.#server.off('error', refuse);
        // Out of file descriptors, most likely: the server lives on and accepts again later.
        this.#server.on('error', () => {
          this.#events.dropped('tcp-accept-error');
        });
        resolve({ address, port: (this.#server.address() as AddressInfo).port });
      });
    });
  }

  close(): Promise<void> {
    if (!this.#open) return Promise.resolve();
    this.#open = false;
    return new Promise((resolve) => {
      this.#server.close(() => {
        resolve();
      });
    });
  }
}
