import { cLibrary, type CFunction } from './c-library.ts';

/** Socket options that Node has no call for. Each gives whether the system has taken it. */
export interface SocketOptions {
  /** Marks what the socket sends with a differentiated services codepoint (RFC 2474 §3). */
  mark(socket: object, dscp: number): boolean;
  /** Breaks a TCP connection whose bytes stay unacknowledged for this long (RFC 5482). */
  limitSilence(socket: object, ms: number): boolean;
}

/** Of Linux: `asm-generic/socket.h`, `linux/in.h`, `linux/in6.h`, `linux/tcp.h`. */
const ip = { level: 0, typeOfService: 1 } as const;
const ipv6 = { level: 41, trafficClass: 67 } as const;
const tcp = { level: 6, userTimeout: 18 } as const;

/** What an option is set to. Of the module, so that it outlives every call. */
const value = new Int32Array(1);
let declared: CFunction | undefined;

/** Sets an option that is an `int`. False: the system has not taken it. */
export function setDescriptorOption(fd: number, level: number, name: number, number: number): boolean {
  const library = cLibrary();
  if (library === null) return false;
  declared ??= library.declare('int setsockopt(int, int, int, uintptr_t, uint32_t)');
  value[0] = number;
  return declared(fd, level, name, library.addressOf(value.buffer), value.byteLength) === 0;
}

/** Marks what a descriptor sends with a differentiated services codepoint (RFC 2474 §3). */
export function markDescriptor(fd: number, dscp: number): boolean {
  // RFC 2474 §3: the codepoint is the upper six bits of the octet. A socket of IPv6 sends IPv4 too when it is on `::`.
  const inIpv4 = setDescriptorOption(fd, ip.level, ip.typeOfService, dscp << 2);
  const inIpv6 = setDescriptorOption(fd, ipv6.level, ipv6.trafficClass, dscp << 2);
  return inIpv4 || inIpv6;
}

/** Whether this system lets us set options at all. */
export function canSetSocketOptions(): boolean {
  return cLibrary() !== null;
}

/** The options of sockets, done through the C library on Linux and refused elsewhere. */
export const socketOptions: SocketOptions = {
  mark(socket, dscp) {
    const fd = descriptorOf(socket);
    return fd !== null && markDescriptor(fd, dscp);
  },
  limitSilence(socket, ms) {
    const fd = descriptorOf(socket);
    return fd !== null && setDescriptorOption(fd, tcp.level, tcp.userTimeout, ms);
  },
};

/**
 * The file descriptor of a `net`, `tls` or `dgram` socket. Node shows it nowhere; where it keeps it may change with
 * any version, and then there is none.
 */
export function descriptorOf(socket: object): number | null {
  const holder = Object.getOwnPropertySymbols(socket).find(
    ({ description }) => description === 'state symbol',
  );
  const handle =
    holder === undefined ? property(socket, '_handle') : property(property(socket, holder), 'handle');
  const fd = property(handle, 'fd');
  return typeof fd === 'number' && fd >= 0 ? fd : null;
}

function property(owner: unknown, key: string | symbol): unknown {
  return typeof owner === 'object' && owner !== null ? Reflect.get(owner, key) : undefined;
}
