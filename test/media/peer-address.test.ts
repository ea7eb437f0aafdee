import { describe, expect, it } from 'vitest';
import { usableAddress } from '../../src/media/peer-address.ts';

const rows: readonly { name: string; address: string; local: string; usable: string | null }[] = [
  { name: 'an ordinary address', address: '192.0.2.7', local: '198.51.100.1', usable: '192.0.2.7' },
  { name: 'a private one', address: '10.1.2.3', local: '198.51.100.1', usable: '10.1.2.3' },
  {
    name: 'loopback from a loopback interface',
    address: '127.0.0.4',
    local: '127.0.0.2',
    usable: '127.0.0.4',
  },
  { name: 'loopback from elsewhere', address: '127.0.0.1', local: '198.51.100.1', usable: null },
  { name: 'IPv6 loopback from elsewhere', address: '::1', local: '2001:db8::1', usable: null },
  { name: 'IPv6 loopback from loopback', address: '0:0:0:0:0:0:0:1', local: '::1', usable: '::1' },
  {
    name: 'IPv6 in the form that sockets use',
    address: '2001:0DB8:0:0:0::7',
    local: '2001:db8::1',
    usable: '2001:db8::7',
  },
  { name: 'IPv4 multicast', address: '224.0.0.1', local: '198.51.100.1', usable: null },
  { name: 'IPv6 multicast', address: 'ff02::1', local: '2001:db8::1', usable: null },
  { name: 'broadcast', address: '255.255.255.255', local: '198.51.100.1', usable: null },
  { name: 'the null address of RFC 3264 §8.4', address: '0.0.0.0', local: '198.51.100.1', usable: null },
  { name: 'unspecified IPv6', address: '::', local: '2001:db8::1', usable: null },
  { name: 'IPv4-mapped loopback', address: '::ffff:127.0.0.1', local: '2001:db8::1', usable: null },
  {
    name: 'IPv4-mapped multicast in hexadecimal',
    address: '::ffff:e000:1',
    local: '2001:db8::1',
    usable: null,
  },
  {
    name: 'IPv4-mapped loopback from IPv6 loopback',
    address: '::ffff:127.0.0.1',
    local: '::1',
    usable: null,
  },
  { name: 'the other family', address: '2001:db8::7', local: '198.51.100.1', usable: null },
  { name: 'a name', address: 'localhost', local: '127.0.0.1', usable: null },
  { name: 'octal', address: '0177.0.0.1', local: '198.51.100.1', usable: null },
  { name: 'nothing', address: '', local: '127.0.0.1', usable: null },
];

describe('usableAddress', () => {
  it.each(rows)('$name: $address from $local', ({ address, local, usable }) => {
    expect(usableAddress(address, local)).toBe(usable);
  });
});
