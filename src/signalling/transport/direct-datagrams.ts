import { isIP } from 'node:net';
import { type CFunction, cLibrary, type CLibrary } from '../../kernel/c-library.ts';
import { PreparedTarget } from '../../kernel/socket-address.ts';
import { descriptorOf } from '../../kernel/socket-options.ts';

/** No datagram is longer (RFC 768: its length is a field of 16 bits). */
const longestDatagram = 65_535;
/** Neighbours of a node are few; what a flood would add is not kept. */
const maxTargets = 1024;
/** `linux/socket.h`: without waiting, and without a signal. */
const flags = 0x40 | 0x4000;

/**
 * Sends what a socket of Node's has to send by the system's own call, at a tenth of the price: `node:dgram` makes a
 * request, a callback and a turn of the loop of each datagram.
 */
export class DirectDatagrams {
  readonly #fd: number;
  readonly #library: CLibrary;
  readonly #sendto: CFunction;
  readonly #memory = new ArrayBuffer(longestDatagram);
  readonly #room = new Uint8Array(this.#memory);
  readonly #at: number;
  readonly #targets = new Map<string, PreparedTarget>();

  private constructor(fd: number, library: CLibrary) {
    this.#fd = fd;
    this.#library = library;
    this.#sendto = library.declare('int64_t sendto(int, uintptr_t, size_t, int, uintptr_t, uint32_t)');
    this.#at = library.addressOf(this.#memory);
  }

  /** For a bound socket, as long as it is open. Null: this system, or this version of Node, does not let us. */
  static of(socket: object): DirectDatagrams | null {
    const library = cLibrary();
    const fd = descriptorOf(socket);
    return library === null || fd === null ? null : new DirectDatagrams(fd, library);
  }

  /** `address` is a literal of the socket's family. False: the system did not take it now. *Borrows* the bytes until return. */
  send(bytes: Uint8Array, address: string, port: number): boolean {
    if (bytes.length > longestDatagram || port < 1 || port > longestDatagram) return false;
    const target = this.#target(address, port);
    if (target === null) return false;
    this.#room.set(bytes);
    return this.#sendto(this.#fd, this.#at, bytes.length, flags, target.at, target.length) === bytes.length;
  }

  #target(address: string, port: number): PreparedTarget | null {
    const name = `${address} ${port}`;
    const known = this.#targets.get(name);
    if (known !== undefined) return known;
    // A scope (RFC 4007 §11) is a name that Node looks up.
    if (isIP(address) === 0 || address.includes('%')) return null;
    if (this.#targets.size >= maxTargets) this.#targets.clear();
    const made = new PreparedTarget(address, port, this.#library);
    this.#targets.set(name, made);
    return made;
  }
}
