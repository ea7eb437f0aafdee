/** The transports of RFC 3261 §18 and RFC 7118, by the names the configuration has for them. */
export const sipTransports = ['udp', 'tcp', 'tls', 'ws', 'wss'] as const;

export type SipTransport = (typeof sipTransports)[number];

/**
 * The port where none is named. RFC 3261 §19.1.2: 5060 for sip over UDP and TCP, 5061 over TLS; RFC 7118 §5:
 * the ports of HTTP and HTTPS over WebSocket.
 */
const defaultPorts: Readonly<Record<SipTransport, number>> = {
  udp: 5060,
  tcp: 5060,
  tls: 5061,
  ws: 80,
  wss: 443,
};

export function defaultPortOf(transport: SipTransport): number {
  return defaultPorts[transport];
}

/** The Via's transport (RFC 3261 §20.42, RFC 7118 §5.2.1): `TLS`. */
export function viaTokenOf(transport: SipTransport): string {
  return transport.toUpperCase();
}

/** Whether messages arrive whole and in order, so that nobody retransmits requests (RFC 3261 §17.1.1.2). */
export function isReliable(transport: SipTransport): boolean {
  return transport !== 'udp';
}

/** Whether others can be connected to by it: WebSocket clients take no connections (RFC 7118 §5). */
export function canBeDialled(transport: SipTransport): boolean {
  return transport !== 'ws' && transport !== 'wss';
}

/** Whether the hop is encrypted: what a `sips:` URI asks of each hop (RFC 3261 §19.1). */
export function isSecure(transport: SipTransport): boolean {
  return transport === 'tls' || transport === 'wss';
}

/**
 * The `transport` parameter of a `sip:` URI that names this transport (RFC 3261 §19.1.1); null: UDP, which a URI
 * without the parameter means. RFC 7118 §5.2.2 has `ws` for both kinds.
 *
 * Deviation: `tls` is deprecated (RFC 3261 §26.2.2) in favour of `sips:`, which asks TLS of every hop up to the
 * called phone; everybody's trunks and phones write `transport=tls` for this hop alone, and so do we.
 */
export function uriTransportOf(transport: SipTransport): string | null {
  if (transport === 'udp') return null;
  return transport === 'wss' ? 'ws' : transport;
}

/**
 * The transport that a URI asks for; null: it leaves that open. `value` is its `transport` parameter, undefined
 * where it has none. A `sips:` URI means the encrypted one: `tcp` is TLS there (RFC 3261 §26.2.2), and UDP has none.
 */
export function transportOfUri(
  scheme: 'sip' | 'sips',
  value: string | null | undefined,
): SipTransport | 'unknown' | null {
  const name = value?.toLowerCase();
  if (scheme === 'sips') {
    if (name === undefined || name === 'tcp' || name === 'tls') return 'tls';
    return name === 'ws' || name === 'wss' ? 'wss' : 'unknown';
  }
  if (name === undefined) return null;
  return sipTransports.find((transport) => transport === name) ?? 'unknown';
}
