import { createSocket, type Socket } from 'node:dgram';
import { lookup } from 'node:dns';
import { isIP } from 'node:net';
import type { Logger } from '../../kernel/logger.ts';
import type { Schedule } from '../../kernel/timers.ts';

export interface HepSenderOptions {
  /** Address or name of the collector. */
  readonly address: string;
  readonly port: number;
  readonly schedule: Schedule;
  readonly logger: Logger;
  readonly dropped: (reason: 'queue-full' | 'not-found' | 'refused') => void;
}

/** Packets that the system has not taken yet. */
const maxWaiting = 1_000;
/** A name may come to mean another address. */
const lookUpEveryMs = 60_000;

/** Datagrams to one place, fire and forget: what cannot go at once does not go. */
export class HepSender {
  readonly #options: HepSenderOptions;
  readonly #sockets = new Map<number, Socket>();
  /** Null: the name is not known yet. */
  #address: string | null = null;
  #waiting = 0;
  #closed = false;
  #cancel: () => void = () => undefined;

  constructor(options: HepSenderOptions) {
    this.#options = options;
    if (isIP(options.address) === 0) this.#lookUp();
    else this.#address = options.address;
  }

  #lookUp(): void {
    const { address: name, schedule, logger } = this.#options;
    lookup(name, (error, address) => {
      if (error === null) this.#address = address;
      else logger.warn('hep-collector-not-found', { code: error.code });
    });
    this.#cancel = schedule(lookUpEveryMs, () => {
      this.#lookUp();
    });
  }

  send(packet: Buffer): void {
    const { port, dropped } = this.#options;
    if (this.#address === null || this.#closed) {
      dropped('not-found');
    } else if (this.#waiting >= maxWaiting) {
      dropped('queue-full');
    } else {
      this.#waiting += 1;
      this.#socketFor(this.#address).send(packet, port, this.#address, (error) => {
        this.#waiting -= 1;
        if (error !== null) dropped('refused');
      });
    }
  }

  #socketFor(address: string): Socket {
    const family = isIP(address);
    let socket = this.#sockets.get(family);
    if (socket === undefined) {
      socket = createSocket(family === 6 ? 'udp6' : 'udp4').unref();
      // ICMP says that nobody listens there.
      socket.on('error', () => {
        this.#options.dropped('refused');
      });
      this.#sockets.set(family, socket);
    }
    return socket;
  }

  close(): void {
    this.#closed = true;
    this.#cancel();
    for (const socket of this.#sockets.values()) socket.close();
    this.#sockets.clear();
  }
}
