import { BlockList, isIP, SocketAddress } from 'node:net';

/** Nobody can be sent speech at these: "this network", multicast, reserved, broadcast (RFC 6890). */
const unusableIpv4 = new BlockList();
unusableIpv4.addSubnet('0.0.0.0', 8, 'ipv4');
unusableIpv4.addSubnet('224.0.0.0', 4, 'ipv4');
unusableIpv4.addSubnet('240.0.0.0', 4, 'ipv4');

const loopbackIpv4 = new BlockList();
loopbackIpv4.addSubnet('127.0.0.0', 8, 'ipv4');

/** RFC 4291 §2.7; and 0000::/8, which but for `::1` is unspecified, reserved or IPv4 in IPv6 clothes (§2.4). */
function isUnusable(canonical: string, family: Family): boolean {
  if (family === 'ipv4') return unusableIpv4.check(canonical, family);
  return canonical.startsWith('::') || canonical.startsWith('ff');
}

function isLoopback(canonical: string, family: Family): boolean {
  return family === 'ipv4' ? loopbackIpv4.check(canonical, family) : canonical === '::1';
}

type Family = 'ipv4' | 'ipv6';

function familyOf(address: string): Family | null {
  const version = isIP(address);
  if (version === 0) return null;
  return version === 4 ? 'ipv4' : 'ipv6';
}

/** The text by which a socket names the same address; null where it is none. */
function canonicalAddress(address: string): string | null {
  const family = familyOf(address);
  return family === null ? null : new SocketAddress({ address, family }).address;
}

/**
 * The canonical form of an address that a party named for its media, null where nothing may be sent there
 * from an interface at `local`: a name, another family, multicast, unspecified, broadcast. Loopback is
 * allowed exactly when the interface is loopback itself.
 */
export function usableAddress(address: string, local: string): string | null {
  const canonical = canonicalAddress(address);
  const family = familyOf(address);
  if (canonical === null || family === null || family !== familyOf(local)) return null;
  if (isLoopback(canonical, family)) {
    return isLoopback(canonicalAddress(local) ?? '', family) ? canonical : null;
  }
  return isUnusable(canonical, family) ? null : canonical;
}

/** Both in whatever spelling. */
export function isSameAddress(one: string, other: string): boolean {
  return canonicalAddress(one) === canonicalAddress(other);
}
