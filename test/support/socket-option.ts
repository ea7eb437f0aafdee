import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import koffi from 'koffi';

/** IP_TOS of `linux/in.h`, IPV6_TCLASS of `linux/in6.h`, TCP_USER_TIMEOUT of `linux/tcp.h`. */
export const option = {
  tos: [0, 1],
  trafficClass: [41, 67],
  userTimeout: [6, 18],
} as const;

/** What the system says of an option of a socket. */
export function socketOption(fd: number, [level, name]: readonly [number, number]): number {
  const call = koffi.load(null).func('int getsockopt(int, int, int, _Out_ void *, _Inout_ uint32_t *)') as (
    ...args: readonly unknown[]
  ) => number;
  const value = Buffer.alloc(4);
  if (call(fd, level, name, value, [value.length]) !== 0) throw new Error(`getsockopt of ${fd} failed`);
  return value.readInt32LE();
}

/** The descriptors of this process's sockets with that local port (`/proc/net`), connected ones and others. */
export function descriptorsAt(kind: 'udp' | 'udp6' | 'tcp' | 'tcp6', port: number): number[] {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  const inodes = readFileSync(`/proc/self/net/${kind}`, 'utf8')
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[1]?.endsWith(`:${hex}`))
    .map((fields) => `socket:[${fields[9] ?? ''}]`);
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return inodes.includes(readlinkSync(`/proc/self/fd/${fd}`)) ? [Number(fd)] : [];
    } catch {
      return [];
    }
  });
}
