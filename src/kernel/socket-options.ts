import { createRequire } from 'node:module';
import { endianness } from 'node:os';
import type koffi from 'koffi';

/** Socket options that Node has no call for. Each gives whether the system has taken it. */
export interface SocketOptions {
  /** Marks what the socket sends with a differentiated services codepoint (RFC 2474 §3). */
  mark(socket: object, dscp: number): boolean;
  /** Breaks a TCP connection whose bytes stay unacknowledged for this long (RFC 5482). */
  limitSilence(socket: object, ms: number): boolean;
}

type SetOption = (fd: number, level: number, name: number, value: Buffer, length: number) => number;

/** Of Linux: `asm-generic/socket.h`, `linux/in.h`, `linux/in6.h`, `linux/tcp.h`. */
const ip = { level: 0, typeOfService: 1 } as const;
const ipv6 = { level: 41, trafficClass: 67 } as const;
const tcp = { level: 6, userTimeout: 18 } as const;

let loaded: SetOption | null | undefined;

/** `setsockopt` of the C library; null: not on this system, or its package is not installed. */
function setOption(): SetOption | null {
  if (loaded !== undefined) return loaded;
  loaded = null;
  if (process.platform !== 'linux' || endianness() !== 'LE') return loaded;
  try {
    const library = createRequire(import.meta.url)('koffi') as typeof koffi;
    const found: SetOption = library.load(null).func('int setsockopt(int, int, int, void *, uint32_t)');
    loaded = found;
  } catch {
    // An optional package: without it sockets are left as the system makes them.
  }
  return loaded;
}

function set(socket: object, level: number, name: number, number: number): boolean {
  const call = setOption();
  const fd = call === null ? null : descriptorOf(socket);
  if (call === null || fd === null) return false;
  const value = Buffer.alloc(4);
  value.writeInt32LE(number);
  return call(fd, level, name, value, value.length) === 0;
}

/** Whether this system lets us set options at all. */
export function canSetSocketOptions(): boolean {
  return setOption() !== null;
}

/** The options of sockets, done through `koffi` on Linux and refused elsewhere. */
export const socketOptions: SocketOptions = {
  mark(socket, dscp) {
    // RFC 2474 §3: the codepoint is the upper six bits of the octet. A socket of IPv6 sends IPv4 too when it is on `::`.
    const inIpv4 = set(socket, ip.level, ip.typeOfService, dscp << 2);
    const inIpv6 = set(socket, ipv6.level, ipv6.trafficClass, dscp << 2);
    return inIpv4 || inIpv6;
  },
  limitSilence: (socket, ms) => set(socket, tcp.level, tcp.userTimeout, ms),
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
