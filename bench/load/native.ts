import koffi from 'koffi';

/**
 * The system's calls as the load generators and the bare relays use them: x86-64 and arm64 Linux, IPv4. Nothing of
 * the product is in it, so that what is measured is not also what measures.
 */
const library = koffi.load(null);
type Call = (...values: readonly number[]) => number;
const declare = (signature: string): Call => library.func(signature) as Call;

export const calls = {
  socket: declare('int socket(int, int, int)'),
  bind: declare('int bind(int, uintptr_t, uint32_t)'),
  localName: declare('int getsockname(int, uintptr_t, uintptr_t)'),
  setOption: declare('int setsockopt(int, int, int, uintptr_t, uint32_t)'),
  epollCreate: declare('int epoll_create1(int)'),
  epollControl: declare('int epoll_ctl(int, int, int, uintptr_t)'),
  epollWait: declare('int epoll_wait(int, uintptr_t, int, int)'),
  receive: declare('int64_t recvmsg(int, uintptr_t, int)'),
  receiveFrom: declare('int64_t recvfrom(int, uintptr_t, size_t, int, uintptr_t, uintptr_t)'),
  receiveMany: declare('int recvmmsg(int, uintptr_t, uint32_t, int, uintptr_t)'),
  send: declare('int64_t sendto(int, uintptr_t, size_t, int, uintptr_t, uint32_t)'),
  sendMany: declare('int sendmmsg(int, uintptr_t, uint32_t, int)'),
  clockTime: declare('int clock_gettime(int, uintptr_t)'),
  sleepFor: declare('int clock_nanosleep(int, int, uintptr_t, uintptr_t)'),
  control: declare('int prctl(int, uint64_t, uint64_t, uint64_t, uint64_t)'),
};

/** Memory that the system reads and writes, with where it lies. */
export class Memory {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly at: number;

  constructor(length: number) {
    this.bytes = new Uint8Array(new ArrayBuffer(length));
    this.view = new DataView(this.bytes.buffer);
    this.at = Number(koffi.address(this.bytes.buffer));
  }

  pointer(offset: number, value: number): void {
    this.view.setBigUint64(offset, BigInt(value), true);
  }
}

export const packetBytes = 172;
export const addressBytes = 16;

/** `struct sockaddr_in` of a port of 127.0.0.1. */
export function writeAddress(memory: Memory, offset: number, port: number): void {
  memory.view.setUint16(offset, 2, true);
  memory.view.setUint16(offset + 2, port);
  memory.bytes.set([127, 0, 0, 1], offset + 4);
}

const scratch = new Memory(64);

/** A nonblocking socket of 127.0.0.1; port 0: any. Its descriptor and port. */
export function openSocket(port: number): { readonly fd: number; readonly port: number } {
  const fd = calls.socket(2, 2 | 0o4000, 0);
  writeAddress(scratch, 0, port);
  if (fd < 0 || calls.bind(fd, scratch.at, addressBytes) !== 0) throw new Error(`cannot bind port ${port}`);
  scratch.view.setUint32(32, addressBytes, true);
  calls.localName(fd, scratch.at, scratch.at + 32);
  return { fd, port: scratch.view.getUint16(2) };
}

export function setOption(fd: number, option: number, value: number): void {
  scratch.view.setInt32(0, value, true);
  calls.setOption(fd, 1, option, scratch.at, 4);
}

/** Sockets watched together: who has something is told by the number it was added with. */
export class Watch {
  readonly #memory = new Memory(256 * 16);
  readonly #fd = calls.epollCreate(0);
  /** `linux/eventpoll.h`: packed on x86-64 alone. */
  readonly #data = process.arch === 'x64' ? 4 : 8;
  readonly #stride = process.arch === 'x64' ? 12 : 16;

  add(fd: number, number: number): void {
    this.#memory.view.setUint32(0, 1, true);
    this.#memory.view.setUint32(this.#data, number, true);
    if (calls.epollControl(this.#fd, 1, fd, this.#memory.at) !== 0) throw new Error('epoll_ctl failed');
  }

  /** How many have something, after at most so long; -1: for ever. */
  wait(ms: number): number {
    return calls.epollWait(this.#fd, this.#memory.at, 256, ms);
  }

  numberOf(index: number): number {
    return this.#memory.view.getUint32(index * this.#stride + this.#data, true);
  }
}

/** The wall clock, microseconds: the same in every process, and the one that the system stamps packets by. */
export function wallMicroseconds(): number {
  calls.clockTime(0, scratch.at);
  return readMicroseconds(scratch, 0);
}

export function readMicroseconds({ view }: Memory, offset: number): number {
  return Number(view.getBigInt64(offset, true)) * 1e6 + Number(view.getBigInt64(offset + 8, true)) / 1e3;
}

/** Sleeps this thread, to some microseconds. */
export function sleepMicroseconds(microseconds: number): void {
  scratch.pointer(0, 0);
  scratch.pointer(8, Math.round(microseconds * 1e3));
  calls.sleepFor(1, 0, scratch.at, 0);
}

/** `linux/prctl.h`: sleeps end on time, not within 50 us. */
export function sleepPrecisely(): void {
  calls.control(29, 1, 0, 0, 0);
}
