import type { Clock, MonotonicMs } from '../kernel/clock.ts';
import type { SystemCalls } from './system-calls.ts';

/** `asm-generic/socket.h`: options of sockets, and by the same numbers what comes with a datagram. */
export const socketLevel = 1;
export const timestampOption = 35;
export const overflowOption = 40;
/** `linux/time.h`. */
const realtimeClock = 0;

/** No datagram is longer (RFC 768: a length of 16 bits). */
const longestDatagram = 65_536;
/** Below an Ethernet frame's length, as all media are. */
const commonBytes = 1536;

/**
 * Where each part lies, bytes. `struct msghdr` is 56 bytes, `struct iovec` 16, a `struct cmsghdr` 16 ahead of
 * its data, on x86-64 and arm64 alike.
 */
const part = { header: 0, vector: 64, name: 96, control: 128, time: 224, payload: 256 } as const;
const nameBytes = 28;
const controlBytes = part.time - part.control;
const controlHeaderBytes = 16;

/** Within `struct msghdr`. */
const field = {
  name: 0,
  nameLength: 8,
  vector: 16,
  vectorCount: 24,
  control: 32,
  controlLength: 40,
} as const;

/** A stamp may be this old; an older one, or one of the future, says that the wall clock has been set. */
const oldestStampMs = 10_000;
const newestStampMs = -100;

/** The one place of a port into which every datagram is received, with whence and when it came. */
export class ReceivedMessage {
  readonly bytes: Uint8Array;
  /** Address of the first of `bytes`. */
  readonly bytesAt: number;
  readonly view: DataView;
  /** Of the sender's socket address in `view`. */
  readonly name = part.name;
  /** How many datagrams the socket's queue had no room for, since it was opened, in 32 bits; 0: it was never said. */
  overflows = 0;
  arrivedAt = 0 as MonotonicMs;
  readonly #memory = new ArrayBuffer(part.payload + longestDatagram);
  readonly #calls: SystemCalls;
  readonly #headerAt: number;
  readonly #timeAt: number;
  /** Views of the first bytes, by how many: made once each, so that a packet costs none. */
  readonly #heads = new Array<Uint8Array | undefined>(commonBytes);
  #now = 0;
  #seconds = 0;
  #nanoseconds = 0;

  constructor(calls: SystemCalls) {
    this.#calls = calls;
    this.view = new DataView(this.#memory);
    this.bytes = new Uint8Array(this.#memory, part.payload);
    const at = calls.library.addressOf(this.#memory);
    this.#headerAt = at + part.header;
    this.#timeAt = at + part.time;
    this.bytesAt = at + part.payload;
    this.#setPointer(field.name, at + part.name);
    this.#setPointer(field.vector, at + part.vector);
    this.#setPointer(field.vectorCount, 1);
    this.#setPointer(field.control, at + part.control);
    this.#setPointer(part.vector, this.bytesAt);
    this.#setPointer(part.vector + 8, longestDatagram);
  }

  /** Takes note of both clocks: stamps are times of the wall clock, and are told by the other. */
  readClocks(clock: Clock): void {
    this.#now = clock.monotonic();
    this.#calls.clockTime(realtimeClock, this.#timeAt);
    this.#seconds = this.#readInteger(part.time);
    this.#nanoseconds = this.#readInteger(part.time + 8);
  }

  /** Length of the next datagram of a socket; -1: there is none, or an error. */
  receive(fd: number): number {
    this.view.setUint32(part.header + field.nameLength, nameBytes, true);
    this.view.setUint32(part.header + field.controlLength, controlBytes, true);
    const length = this.#calls.receive(fd, this.#headerAt, 0);
    if (length >= 0) this.#readControl();
    return length;
  }

  /** The first bytes, as an array of just that length. *Lends until the next `receive`.* */
  head(length: number): Uint8Array {
    if (length >= commonBytes) return this.bytes.subarray(0, length);
    return (this.#heads[length] ??= this.bytes.subarray(0, length));
  }

  #readControl(): void {
    const { view } = this;
    this.overflows = 0;
    this.arrivedAt = this.#now as MonotonicMs;
    const end = part.control + view.getUint32(part.header + field.controlLength, true);
    for (let at = part.control; at + controlHeaderBytes < end; ) {
      const length = view.getUint32(at, true);
      if (length < controlHeaderBytes) return;
      const option = view.getInt32(at + 8, true) === socketLevel ? view.getInt32(at + 12, true) : 0;
      if (option === timestampOption) this.#readStamp(at + controlHeaderBytes);
      else if (option === overflowOption) this.overflows = view.getUint32(at + controlHeaderBytes, true);
      at += (length + 7) & ~7;
    }
  }

  #readStamp(at: number): void {
    const seconds = this.#seconds - this.#readInteger(at);
    const ageMs = seconds * 1e3 + (this.#nanoseconds - this.#readInteger(at + 8)) / 1e6;
    if (ageMs < oldestStampMs && ageMs > newestStampMs) this.arrivedAt = (this.#now - ageMs) as MonotonicMs;
  }

  /** 64 bits, of which a time needs 53 at most. */
  #readInteger(at: number): number {
    return this.view.getUint32(at, true) + 2 ** 32 * this.view.getInt32(at + 4, true);
  }

  #setPointer(at: number, value: number): void {
    this.view.setBigUint64(at, BigInt(value), true);
  }
}
