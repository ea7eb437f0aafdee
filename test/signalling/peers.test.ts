import { describe, expect, it } from 'vitest';
import { sipOptions } from '../../src/signalling/options.ts';
import { createPeerBook, type PeerBook } from '../../src/signalling/peers.ts';

interface PeerRow {
  readonly id: string;
  readonly match: string[];
  readonly listener?: string;
  readonly targets?: string[];
  readonly register?: boolean;
}

function options(peers: PeerRow[], routes = [{ from: peers[0]!.id, to: [peers[0]!.id] }]) {
  return sipOptions.parse({
    listeners: [
      { id: 'lan', transport: 'udp', address: '127.0.0.1', port: 5060 },
      { id: 'wan', transport: 'tcp', address: '127.0.0.1', port: 5062 },
    ],
    peers: peers.map((peer) => ({ side: 'pbx', listener: 'lan', targets: ['sip:127.0.0.1:5070'], ...peer })),
    routes,
  });
}

function book(...peers: PeerRow[]): PeerBook {
  const made = createPeerBook(options(peers));
  if (!made.ok) throw new Error(made.error.join());
  return made.value;
}

function faults(...peers: PeerRow[]): readonly string[] {
  const made = createPeerBook(options(peers));
  return made.ok ? [] : made.error;
}

describe('who sends from there', () => {
  it.each([
    ['a prefix', '10.0.0.0/8', '10.255.0.1', 9999, true],
    ['outside of a prefix', '10.0.0.0/8', '11.0.0.1', 9999, false],
    ['a prefix that ends within a byte', '192.0.2.64/26', '192.0.2.127', 5060, true],
    ['just outside of it', '192.0.2.64/26', '192.0.2.128', 5060, false],
    ['a single address', '192.0.2.1', '192.0.2.1', 5060, true],
    ['a port', '192.0.2.1/32:5061', '192.0.2.1', 5061, true],
    ['another port', '192.0.2.1/32:5061', '192.0.2.1', 5060, false],
    ['everything', '0.0.0.0/0', '203.0.113.9', 1, true],
    ['IPv6', '2001:db8::/32', '2001:db8:1::7', 5060, true],
    ['other IPv6', '2001:db8::/32', '2001:db9::7', 5060, false],
    ['IPv6 with dots', '2001:db8::1.2.3.4', '2001:db8::102:304', 5060, true],
    ['IPv4 mapped to IPv6, as a socket for both gives it', '192.0.2.0/24', '::ffff:192.0.2.3', 5060, true],
    ['IPv6 where IPv4 is meant', '0.0.0.0/0', '::1', 5060, false],
    ['no address', '0.0.0.0/0', 'example.org', 5060, false],
  ])('%s: %s, %s:%i', (_name, match, address, port, expected) => {
    expect(book({ id: 'pbx', match: [match] }).find('lan', address, port) !== null).toBe(expected);
  });

  it('the listener counts', () => {
    const peers = book(
      { id: 'a', match: ['127.0.0.1/32'] },
      { id: 'b', match: ['127.0.0.1/32'], listener: 'wan' },
    );
    expect(['lan', 'wan', 'other'].map((listener) => peers.find(listener, '127.0.0.1', 1)?.id)).toEqual([
      'a',
      'b',
      undefined,
    ]);
  });

  it('ports tell two peers of one address apart', () => {
    const peers = book({ id: 'a', match: ['127.0.0.1/32:5070'] }, { id: 'b', match: ['127.0.0.1/32:5080'] });
    expect([5070, 5080, 5090].map((port) => peers.find('lan', '127.0.0.1', port)?.id)).toEqual([
      'a',
      'b',
      undefined,
    ]);
  });
});

describe('faults', () => {
  it.each([
    ['the same prefix', '10.0.0.0/8', '10.0.0.0/8'],
    ['a prefix within the other: the more specific one does not win', '10.0.0.0/8', '10.1.2.3/32'],
    ['with a port and without', '10.1.2.3/32', '10.1.2.3/32:5060'],
  ])('ambiguity is one: %s', (_name, a, b) => {
    expect(faults({ id: 'a', match: [a] }, { id: 'b', match: [b] })).toEqual([
      `sip.peers: "a" and "b" both match ${a} on listener "lan"; give each a prefix, a port or a listener of its own`,
    ]);
  });

  it.each([
    [
      'a prefix longer than the address',
      { match: ['10.0.0.0/33'] },
      'sip.peers "a": match "10.0.0.0/33" is no address prefix; write it as 192.0.2.0/24 or 192.0.2.1/32:5060',
    ],
    [
      'a host name as prefix',
      { match: ['pbx.example'] },
      'sip.peers "a": match "pbx.example" is no address prefix; write it as 192.0.2.0/24 or 192.0.2.1/32:5060',
    ],
    [
      'a name that DNS cannot have',
      { targets: ['sip:carrier..example'] },
      'sip.peers "a": target "sip:carrier..example" names the host carrier..example, which no DNS name can be',
    ],
    [
      'an address of the other family',
      { targets: ['sip:[2001:db8::1]'] },
      'sip.peers "a": target "sip:[2001:db8::1]" cannot be reached from 127.0.0.1 of listener "lan"; give the peer a listener of the same family',
    ],
    [
      'a registration of nobody',
      { register: true },
      'sip.peers "a": register needs to know as whom; give `auth`, or `register: { aor: sip:user@domain }`',
    ],
    [
      'an unknown listener',
      { listener: 'dmz' },
      'sip.peers "a": there is no listener "dmz"; name one of sip.listeners',
    ],
  ])('%s', (_name, row, expected) => {
    expect(faults({ id: 'a', match: ['10.0.0.0/8'], ...row })).toEqual([expected]);
  });

  it('two routes of one peer', () => {
    const routes = [
      { from: 'a', to: ['a'] },
      { from: 'a', to: ['a'] },
    ];
    const made = createPeerBook(options([{ id: 'a', match: ['10.0.0.0/8'] }], routes));
    expect(made.ok ? [] : made.error).toEqual([
      'sip.routes: peer "a" has two routes; make them one, its "to" in order',
    ]);
  });
});

describe('routes', () => {
  it('give peers in the order of failover, with their targets', () => {
    const peers = [
      { id: 'a', match: ['10.0.0.1'] },
      { id: 'b', match: ['10.0.0.2'], targets: ['sip:10.0.0.2', 'sip:carrier.example:5070'] },
    ];
    const made = createPeerBook(options(peers, [{ from: 'a', to: ['b', 'a'] }]));
    const route = made.ok ? made.value.route('a') : [];
    expect(route.map(({ id }) => id)).toEqual(['b', 'a']);
    expect(route[0]!.targets.map(({ host, port }) => [host, port])).toEqual([
      ['10.0.0.2', null],
      ['carrier.example', 5070],
    ]);
    expect(made.ok && made.value.route('b')).toEqual([]);
  });
});
