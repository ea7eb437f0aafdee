import type { MonotonicMs } from '../../src/kernel/clock.ts';
import type { DatagramPort, DatagramReceiver, DatagramTarget } from '../../src/media/datagram-port.ts';

/** What a relay sent: from which of its ports, to which of the party's. */
export interface Sent {
  readonly from: number;
  readonly to: number;
  readonly packet: Buffer;
}

/** Datagrams without a network: what is sent is kept, what is delivered comes at once. */
export class MemoryPort implements DatagramPort {
  readonly sendFailures = 0;
  readonly unmarkedSockets = 0;
  readonly overflows = 0;
  readonly socketErrors = 0;
  readonly sent: Sent[] = [];
  readonly #receiver: DatagramReceiver;
  readonly #ports: number[] = [];

  constructor(receiver: DatagramReceiver) {
    this.#receiver = receiver;
  }

  open(_address: string, port: number): Promise<number> {
    return Promise.resolve(this.#ports.push(port) - 1);
  }

  close(): void {
    // Ports are used once.
  }

  target(address: string, port: number): DatagramTarget {
    return { address, port };
  }

  send(socket: number, packet: Uint8Array, length: number, { port }: DatagramTarget): void {
    this.sent.push({ from: this.#ports[socket]!, to: port, packet: Buffer.from(packet.subarray(0, length)) });
  }

  deliver(port: number, packet: Uint8Array, fromPort: number, at: number): void {
    const source = { address: '127.0.0.1', port: fromPort };
    this.#receiver.datagram(
      this.#ports.indexOf(port),
      Uint8Array.from(packet),
      packet.length,
      source,
      at as MonotonicMs,
    );
  }
}
