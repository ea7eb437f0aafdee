import { BlockList, isIP, SocketAddress } from 'node:net';

/** Nobody can be sent speech at these: "this network", multicast, reserved, broadcast (RFC 6890). */
const unusable = new BlockList();
unusable.addSubnet('0.0.0.0', 8, 'ipv4');
unusable.addSubnet('224.0.0.0', 4, 'ipv4');
unusable.addSubnet('240.0.0.0', 4, 'ipv4');
unusable.addAddress('::', 'ipv6');
unusable.addSubnet('ff00::', 8, 'ipv6');
// An IPv4 address in IPv6 clothes would pass the checks of neither family.
unusable.addSubnet('::ffff:0:0', 96, 'ipv6');
unusable.addSubnet('::', 96, 'ipv6');

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

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
  const isLoopback = loopback.check(canonical, family);
  if (isLoopback) return loopback.check(local, family) ? canonical : null;
  return unusable.check(canonical, family) ? null : canonical;
}

/** Both in whatever spelling. */
export function isSameAddress(one: string, other: string): boolean {
  return canonicalAddress(one) === canonicalAddress(other);
}
