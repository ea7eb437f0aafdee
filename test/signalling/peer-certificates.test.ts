import { describe, expect, it } from 'vitest';
import { peerCertificates } from '../../src/signalling/peer-certificates.ts';
import { sipOptions } from '../../src/signalling/options.ts';
import { createPeerBook } from '../../src/signalling/peers.ts';

const peer = (id: string, row: Readonly<Record<string, unknown>>): object => ({
  ...{ id, side: 'trunk', listener: 'tls' },
  ...row,
});
const book = createPeerBook(
  sipOptions.parse({
    listeners: [{ id: 'tls', transport: 'tls', address: '192.0.2.1', cert: 'c', key: 'k' }],
    peers: [
      peer('named', {
        match: ['192.0.2.16/28'],
        targets: ['sip:sbc.carrier.example'],
        domain: 'carrier.example',
      }),
      peer('addressed', { match: ['192.0.2.32/28'], targets: ['sip:192.0.2.33'] }),
      peer('certified', {
        ...{ match: ['192.0.2.48/28'], targets: ['sip:192.0.2.49'] },
        ...{ domain: 'other.example', certificate: 'certified.example' },
      }),
    ],
    routes: [{ from: 'named', to: ['addressed'] }],
  }),
);
if (!book.ok) throw new Error(book.error.join('\n'));
const rules = peerCertificates(book.value);
const at = (address: string, name?: string) =>
  rules.accepted({
    ...{ listener: 'tls', transport: 'tls', address, port: 5061 },
    ...(name === undefined ? {} : { name }),
  });

describe('what certificates must name (RFC 5922 §7.3, §7.4)', () => {
  it.each([
    [
      'the name that was looked up, or the domain of the peer',
      '192.0.2.99',
      'sbc.carrier.example',
      ['sbc.carrier.example', 'carrier.example'],
    ],
    ['an address that is a target', '192.0.2.33', undefined, ['192.0.2.33']],
    ['a Contact within a peer’s prefix', '192.0.2.17', undefined, ['192.0.2.17', 'carrier.example']],
    ['a peer known by its certificate, that alone', '192.0.2.49', undefined, ['certified.example']],
    ['nobody’s address', '198.51.100.1', undefined, ['198.51.100.1']],
  ])('of %s', (_who, address, name, expected) => {
    expect(at(address, name)).toEqual(expected);
  });

  it('clients are asked where the peer says so', () => {
    expect(rules.required('tls', '192.0.2.50', 40_000)).toBe('certified.example');
    expect(rules.required('tls', '192.0.2.17', 40_000)).toBeNull();
    expect(rules.required('tls', '198.51.100.1', 40_000)).toBeNull();
  });
});
