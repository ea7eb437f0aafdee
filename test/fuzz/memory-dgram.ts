import { EventEmitter } from 'node:events';

/** One datagram that somebody sent. */
export interface SentDatagram {
  readonly from: string;
  readonly to: string;
  readonly bytes: Buffer;
}

const sockets = new Map<string, MemorySocket>();
let nextPort = 20_000;

/** Everything sent since the last `forget`. */
export const sent: SentDatagram[] = [];

/** Hands a datagram to the socket that is bound there. */
export function deliver(bytes: Buffer, from: string, to: string): void {
  const [, address = '', port = ''] = /^(.*):(\d+)$/.exec(from) ?? [];
  sockets
    .get(to)
    ?.emit('message', bytes, { address, port: Number(port), family: 'IPv4', size: bytes.length });
}

export function forget(): void {
  sent.length = 0;
}

/** As much of `node:dgram`'s socket as a listener uses; what is sent is kept and goes nowhere. */
class MemorySocket extends EventEmitter {
  #bound = { address: '127.0.0.1', port: 0 };

  bind({ address, port }: { address: string; port: number }, done: () => void): this {
    this.#bound = { address, port: port === 0 ? nextPort++ : port };
    sockets.set(this.#name, this);
    queueMicrotask(done);
    return this;
  }

  get #name(): string {
    return `${this.#bound.address}:${this.#bound.port}`;
  }

  address(): { address: string; port: number; family: string } {
    return { ...this.#bound, family: 'IPv4' };
  }

  send(bytes: Uint8Array, port: number, address: string, done: (error: Error | null) => void): void {
    sent.push({ from: this.#name, to: `${address}:${port}`, bytes: Buffer.from(bytes) });
    queueMicrotask(() => {
      done(null);
    });
  }

  setRecvBufferSize(): void {
    // There is no buffer.
  }

  getSendQueueSize(): number {
    return 0;
  }

  close(done?: () => void): this {
    sockets.delete(this.#name);
    if (done !== undefined) queueMicrotask(done);
    return this;
  }
}

export function createSocket(): MemorySocket {
  return new MemorySocket();
}

export { MemorySocket as Socket };
