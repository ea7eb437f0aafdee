import type { SipTransport } from '../../sip/transport-name.ts';

interface ServiceNames {
  /** NAPTR service field. */
  readonly naptr: string;
  /** What SRV records of a domain stand under. */
  readonly srv: string;
}

/** RFC 3263 §4.1 and §4.2; RFC 7118 §5.3 for WebSocket. */
const byTransport: Readonly<Record<SipTransport, ServiceNames>> = {
  udp: { naptr: 'sip+d2u', srv: '_sip._udp' },
  tcp: { naptr: 'sip+d2t', srv: '_sip._tcp' },
  tls: { naptr: 'sips+d2t', srv: '_sips._tcp' },
  ws: { naptr: 'sip+d2w', srv: '_sip._ws' },
  wss: { naptr: 'sips+d2w', srv: '_sips._ws' },
};

export function serviceNamesOf(transport: SipTransport): ServiceNames {
  return byTransport[transport];
}
