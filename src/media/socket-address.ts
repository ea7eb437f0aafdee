import { isIPv6, SocketAddress } from 'node:net';
import type { CLibrary } from '../kernel/c-library.ts';
import type { DatagramTarget } from './datagram-port.ts';

/** `linux/socket.h`. */
export const family = { ipv4: 2, ipv6: 10 } as const;
/** `struct sockaddr_in` of `linux/in.h`, `struct sockaddr_in6` of `linux/in6.h`. */
const ipv4Bytes = 16;
const ipv6Bytes = 28;

/** A target as the system reads it, made once. */
export class PreparedTarget implements DatagramTarget {
  readonly address: string;
  readonly port: number;
  /** Where it stands, as long as this object is in reach. */
  readonly at: number;
  readonly length: number;
  readonly #memory = new ArrayBuffer(ipv6Bytes);

  /** `address` is a literal of IPv4 or IPv6. */
  constructor(address: string, port: number, library: CLibrary) {
    this.address = address;
    this.port = port;
    this.length = writeSocketAddress(new DataView(this.#memory), address, port);
    this.at = library.addressOf(this.#memory);
  }
}

/** Returns how long it is. */
function writeSocketAddress(view: DataView, address: string, port: number): number {
  const octets = isIPv6(address) ? ipv6Octets(address) : address.split('.').map(Number);
  const isLong = octets.length === 16;
  view.setUint16(0, isLong ? family.ipv6 : family.ipv4, true);
  view.setUint16(2, port);
  for (const [index, octet] of octets.entries()) view.setUint8((isLong ? 8 : 4) + index, octet);
  return isLong ? ipv6Bytes : ipv4Bytes;
}

/** RFC 4291 §2.2: groups of hexadecimal digits, one run of zeros left out, perhaps IPv4 at the end. */
function ipv6Octets(address: string): number[] {
  const [head = '', tail] = address.replace(/%.*$/, '').split('::');
  const before = groupOctets(head);
  const after = groupOctets(tail ?? '');
  const zeros = new Array<number>(16 - before.length - after.length).fill(0);
  return [...before, ...zeros, ...after];
}

function groupOctets(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (group.includes('.')) return group.split('.').map(Number);
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}

/** The canonical text of the address that stands at a place. */
export function readAddress(view: DataView, offset: number): string {
  if (view.getUint16(offset, true) === family.ipv4) {
    return Array.from({ length: 4 }, (_, i) => view.getUint8(offset + 4 + i)).join('.');
  }
  const groups = Array.from({ length: 8 }, (_, i) => view.getUint16(offset + 8 + 2 * i).toString(16));
  return new SocketAddress({ address: groups.join(':'), family: 'ipv6' }).address;
}
