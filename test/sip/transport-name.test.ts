import { describe, expect, it } from 'vitest';
import {
  defaultPortOf,
  isReliable,
  isSecure,
  sipTransports,
  transportOfUri,
  uriTransportOf,
  viaTokenOf,
} from '../../src/sip/transport-name.ts';

describe('what each transport is called and means', () => {
  it.each([
    { transport: 'udp', port: 5060, via: 'UDP', uri: null, reliable: false, secure: false },
    { transport: 'tcp', port: 5060, via: 'TCP', uri: 'tcp', reliable: true, secure: false },
    { transport: 'tls', port: 5061, via: 'TLS', uri: 'tls', reliable: true, secure: true },
    { transport: 'ws', port: 80, via: 'WS', uri: 'ws', reliable: true, secure: false },
    { transport: 'wss', port: 443, via: 'WSS', uri: 'ws', reliable: true, secure: true },
  ] as const)('$transport', ({ transport, port, via, uri, reliable, secure }) => {
    expect(sipTransports).toContain(transport);
    expect(defaultPortOf(transport)).toBe(port);
    expect(viaTokenOf(transport)).toBe(via);
    expect(uriTransportOf(transport)).toBe(uri);
    expect(isReliable(transport)).toBe(reliable);
    expect(isSecure(transport)).toBe(secure);
  });
});

describe('the transport that a URI asks for (RFC 3261 §19.1.1, §26.2.2; RFC 7118 §5.2.2)', () => {
  it.each([
    ['sip', undefined, null],
    ['sip', 'UDP', 'udp'],
    ['sip', 'tcp', 'tcp'],
    ['sip', 'tls', 'tls'],
    ['sip', 'ws', 'ws'],
    ['sip', 'sctp', 'unknown'],
    ['sip', null, null],
    ['sips', undefined, 'tls'],
    ['sips', 'TCP', 'tls'],
    ['sips', 'tls', 'tls'],
    ['sips', 'ws', 'wss'],
    ['sips', 'udp', 'unknown'],
  ] as const)('%s with transport %s is %s', (scheme, value, expected) => {
    expect(transportOfUri(scheme, value)).toBe(expected);
  });
});
