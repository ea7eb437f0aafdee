import { isIPv6 } from 'node:net';
import type { Clock } from '../kernel/clock.ts';
import { markDescriptor, setDescriptorOption } from '../kernel/socket-options.ts';
import type { Repeat } from '../kernel/timers.ts';
import type { DatagramPort, DatagramReceiver, DatagramSource, DatagramTarget } from './datagram-port.ts';
import type { DescriptorTable } from './descriptor-table.ts';
import { overflowOption, ReceivedMessage, socketLevel, timestampOption } from './received-message.ts';
import { family, PreparedTarget, readAddress } from './socket-address.ts';
import type { SystemCalls } from './system-calls.ts';

/** `linux/net.h` and `asm-generic/fcntl.h`: datagrams, never waited for, not handed to child processes. */
const datagramSocket = 2 | 0o4000 | 0o2000000;
/** `linux/in6.h`: IPv4 does not come in by it. */
const ipv6 = { level: 41, only: 26 } as const;
/** `linux/eventpoll.h`. */
const epoll = { closeOnExec: 0o2000000, add: 1, in: 1 } as const;
/** `asm-generic/errno-base.h`. */
const tryAgain = 11;

const eventsAtOnce = 256;
/** Each round reads one datagram of every socket that has some: a flooded one gets no more than its rounds. */
const roundsAtOnce = 8;
/** Then whoever else waits for this thread has a turn. */
const datagramsAtOnce = 1024;

export interface LibcPortOptions {
  readonly calls: SystemCalls;
  readonly clock: Clock;
  readonly repeat: Repeat;
  readonly pollMs: number;
  /** Whether datagrams are told by the system's own stamps, or by when they are read. */
  readonly stamped: boolean;
  readonly descriptors: DescriptorTable;
}

interface PolledSocket {
  readonly fd: number;
  /** Differs from that of whoever had the number before. */
  readonly generation: number;
  /** Of the datagram before: mostly the same sender, whose text is then made once. */
  source: DatagramSource;
  /** Family and port, and address, as they stand in memory. */
  readonly sourceWords: Uint32Array;
  overflows: number;
}

/**
 * Datagrams by the system's own calls: all sockets are looked at once a tick, and what has come is received and
 * sent on from one place in memory. Where nothing is open, nothing runs.
 */
export class LibcPort implements DatagramPort {
  sendFailures = 0;
  unmarkedSockets = 0;
  overflows = 0;
  socketErrors = 0;
  readonly #receiver: DatagramReceiver;
  readonly #options: LibcPortOptions;
  readonly #calls: SystemCalls;
  readonly #message: ReceivedMessage;
  readonly #sockets: (PolledSocket | undefined)[] = [];
  readonly #unused: number[] = [];
  readonly #events: DataView;
  readonly #eventsAt: number;
  /** What is sent and was not received here. */
  readonly #outgoing = new Uint8Array(65_536);
  readonly #outgoingAt: number;
  #open = 0;
  #generation = 0;
  #epoll = -1;
  #stopTicks: (() => void) | null = null;

  constructor(receiver: DatagramReceiver, options: LibcPortOptions) {
    this.#receiver = receiver;
    this.#options = options;
    this.#calls = options.calls;
    this.#message = new ReceivedMessage(options.calls);
    const events = new ArrayBuffer((eventsAtOnce + 1) * options.calls.eventBytes);
    this.#events = new DataView(events);
    this.#eventsAt = options.calls.library.addressOf(events);
    this.#outgoingAt = options.calls.library.addressOf(this.#outgoing.buffer);
  }

  open(address: string, port: number, dscp?: number): Promise<number | null> {
    const fd = this.#bind(address, port);
    if (fd === null) return Promise.resolve(null);
    if (dscp !== undefined && !markDescriptor(fd, dscp)) this.unmarkedSockets += 1;
    setDescriptorOption(fd, socketLevel, overflowOption, 1);
    if (this.#options.stamped) setDescriptorOption(fd, socketLevel, timestampOption, 1);
    const socket = this.#adopt(fd);
    if (socket === null) this.#closeDescriptor(fd);
    return Promise.resolve(socket);
  }

  close(socket: number): void {
    const polled = this.#sockets[socket];
    if (polled === undefined) return;
    this.#sockets[socket] = undefined;
    this.#unused.push(socket);
    this.#closeDescriptor(polled.fd);
    this.#open -= 1;
    if (this.#open > 0) return;
    this.#stopTicks?.();
    this.#stopTicks = null;
    this.#closeDescriptor(this.#epoll);
    this.#epoll = -1;
  }

  target(address: string, port: number): DatagramTarget {
    return new PreparedTarget(address, port, this.#calls.library);
  }

  send(socket: number, packet: Uint8Array, length: number, target: DatagramTarget): void {
    const polled = this.#sockets[socket];
    if (polled === undefined) return;
    const to = target instanceof PreparedTarget ? target : this.#prepared(target);
    const at = length <= this.#outgoing.length ? this.#place(packet, length) : 0;
    if (at === 0 || this.#calls.send(polled.fd, at, length, 0, to.at, to.length) < 0) this.sendFailures += 1;
  }

  #prepared(target: DatagramTarget): PreparedTarget {
    return new PreparedTarget(target.address, target.port, this.#calls.library);
  }

  /** Where the packet's bytes lie: mostly where they were received. */
  #place(packet: Uint8Array, length: number): number {
    const { bytes, bytesAt } = this.#message;
    if (packet.buffer === bytes.buffer) return bytesAt + packet.byteOffset - bytes.byteOffset;
    this.#outgoing.set(length === packet.length ? packet : packet.subarray(0, length));
    return this.#outgoingAt;
  }

  #bind(address: string, port: number): number | null {
    const isLong = isIPv6(address);
    const fd = this.#calls.socket(isLong ? family.ipv6 : family.ipv4, datagramSocket, 0);
    if (fd < 0) return null;
    if (!this.#options.descriptors.add(fd)) {
      this.#calls.close(fd);
      return null;
    }
    if (isLong) setDescriptorOption(fd, ipv6.level, ipv6.only, 1);
    const local = new PreparedTarget(address, port, this.#calls.library);
    if (this.#calls.bind(fd, local.at, local.length) === 0) return fd;
    this.#closeDescriptor(fd);
    return null;
  }

  #closeDescriptor(fd: number): void {
    this.#options.descriptors.remove(fd);
    this.#calls.close(fd);
  }

  /** Null: it cannot be watched. */
  #adopt(fd: number): number | null {
    if (!this.#startPolling()) return null;
    const socket = this.#unused.pop() ?? this.#sockets.length;
    this.#generation = (this.#generation + 1) >>> 0;
    const { eventData, eventBytes } = this.#calls;
    // Behind those that are being read.
    const event = eventsAtOnce * eventBytes;
    this.#events.setUint32(event, epoll.in, true);
    this.#events.setUint32(event + eventData, socket, true);
    this.#events.setUint32(event + eventData + 4, this.#generation, true);
    const polled: PolledSocket = {
      fd,
      generation: this.#generation,
      source: { address: '', port: 0 },
      sourceWords: new Uint32Array(5),
      overflows: 0,
    };
    this.#sockets[socket] = polled;
    this.#open += 1;
    if (this.#calls.epollControl(this.#epoll, epoll.add, fd, this.#eventsAt + event) === 0) return socket;
    this.#sockets[socket] = undefined;
    this.#unused.push(socket);
    this.#open -= 1;
    return null;
  }

  #startPolling(): boolean {
    if (this.#epoll >= 0) return true;
    const fd = this.#calls.epollCreate(epoll.closeOnExec);
    if (fd < 0) return false;
    if (!this.#options.descriptors.add(fd)) {
      this.#calls.close(fd);
      return false;
    }
    this.#epoll = fd;
    this.#stopTicks = this.#options.repeat(this.#options.pollMs, () => {
      this.#poll();
    });
    return true;
  }

  #poll(): void {
    this.#message.readClocks(this.#options.clock);
    let left = datagramsAtOnce;
    for (let round = 0; round < roundsAtOnce && left > 0 && this.#epoll >= 0; round++) {
      const ready = this.#calls.epollWait(this.#epoll, this.#eventsAt, eventsAtOnce, 0);
      if (ready <= 0) return;
      this.#readEach(ready);
      left -= ready;
    }
  }

  #readEach(ready: number): void {
    const { eventData, eventBytes } = this.#calls;
    for (let i = 0; i < ready; i++) {
      const at = i * eventBytes + eventData;
      const socket = this.#events.getUint32(at, true);
      const polled = this.#sockets[socket];
      // It may have been closed by what a datagram before it led to.
      if (polled?.generation === this.#events.getUint32(at + 4, true)) this.#read(socket, polled);
    }
  }

  #read(socket: number, polled: PolledSocket): void {
    const message = this.#message;
    const length = message.receive(polled.fd);
    if (length < 0) {
      // The call has cleared the error.
      if (this.#calls.library.errno() !== tryAgain) this.socketErrors += 1;
      return;
    }
    if (message.overflows !== 0) this.#countOverflows(polled, message.overflows);
    const source = this.#sourceOf(polled);
    this.#receiver.datagram(socket, message.head(length), length, source, message.arrivedAt);
  }

  #countOverflows(polled: PolledSocket, total: number): void {
    this.overflows += (total - polled.overflows) >>> 0;
    polled.overflows = total;
  }

  #sourceOf(polled: PolledSocket): DatagramSource {
    const { view, name } = this.#message;
    const words = polled.sourceWords;
    const isLong = view.getUint16(name, true) === family.ipv6;
    const count = isLong ? 4 : 1;
    const at = name + (isLong ? 8 : 4);
    let isSame = words[0] === view.getUint32(name, true);
    for (let i = 0; i < count && isSame; i++) isSame = words[1 + i] === view.getUint32(at + 4 * i, true);
    if (isSame) return polled.source;
    words[0] = view.getUint32(name, true);
    for (let i = 0; i < count; i++) words[1 + i] = view.getUint32(at + 4 * i, true);
    polled.source = { address: readAddress(view, name), port: view.getUint16(name + 2) };
    return polled.source;
  }
}
