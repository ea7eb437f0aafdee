import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { Clock } from '../kernel/clock.ts';
import { literalLookup } from '../kernel/literal-lookup.ts';
import { socketOptions } from '../kernel/socket-options.ts';
import type { DatagramPort, DatagramReceiver, DatagramTarget } from './datagram-port.ts';

/** Datagrams through `node:dgram`: everywhere, and a callback a datagram. */
export class DgramPort implements DatagramPort {
  sendFailures = 0;
  unmarkedSockets = 0;
  /** Node does not tell. */
  readonly overflows = 0;
  socketErrors = 0;
  readonly #receiver: DatagramReceiver;
  readonly #clock: Clock;
  readonly #sockets: (Socket | undefined)[] = [];
  readonly #unused: number[] = [];
  readonly #sent = (error: Error | null): void => {
    if (error !== null) this.sendFailures += 1;
  };

  constructor(receiver: DatagramReceiver, clock: Clock) {
    this.#receiver = receiver;
    this.#clock = clock;
  }

  open(address: string, port: number, dscp?: number): Promise<number | null> {
    const type = isIPv6(address) ? 'udp6' : 'udp4';
    const socket = createSocket({
      type,
      ipv6Only: type === 'udp6',
      lookup: literalLookup,
    });
    return new Promise((resolve) => {
      socket.once('error', () => {
        socket.close();
        resolve(null);
      });
      socket.bind({ address, port, exclusive: true }, () => {
        if (dscp !== undefined && !socketOptions.mark(socket, dscp)) this.unmarkedSockets += 1;
        resolve(this.#adopt(socket));
      });
    });
  }

  close(socket: number): void {
    const closed = this.#sockets[socket];
    if (closed === undefined) return;
    closed.removeAllListeners('message').close();
    this.#sockets[socket] = undefined;
    this.#unused.push(socket);
  }

  target(address: string, port: number): DatagramTarget {
    return { address, port };
  }

  send(socket: number, packet: Uint8Array, length: number, target: DatagramTarget): void {
    const bytes = length === packet.length ? packet : packet.subarray(0, length);
    this.#sockets[socket]?.send(bytes, target.port, target.address, this.#sent);
  }

  #adopt(socket: Socket): number {
    const handle = this.#unused.pop() ?? this.#sockets.length;
    this.#sockets[handle] = socket;
    socket.removeAllListeners('error');
    // After the bind, errors are those of single datagrams: the socket lives on.
    socket.on('error', () => {
      this.socketErrors += 1;
    });
    socket.on('message', (packet, source) => {
      this.#receiver.datagram(handle, packet, packet.length, source, this.#clock.monotonic());
    });
    return handle;
  }
}
