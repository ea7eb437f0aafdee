import { isIP } from 'node:net';
import { nextHopUri } from '../sip/dialog.ts';
import type { SipRequest } from '../sip/message.ts';
import { defaultPortOf } from '../sip/transport-name.ts';
import { parseSipUri } from '../sip/uri.ts';
import { bareHost } from '../sip/via.ts';
import type { Leg } from './call-state.ts';
import type { Hop } from './transaction-layer.ts';

/**
 * Where a request in a dialog goes: to the address of its first route or target (RFC 3261 §8.1.2); where that is a
 * name, to where the dialog's messages came from. A connection is reused while it leads there (§18).
 *
 * Deviation: the transport is that of the peer's listener, whatever the URI's parameter says (§8.1.2): the peer is
 * configured for it. A connection that served a large message (§18.1.1) is left again.
 */
export function dialogHop({ peer, hop }: Leg, request: SipRequest): Hop {
  const uri = parseSipUri(nextHopUri(request));
  const address = bareHost(uri?.host ?? '');
  if (uri === null || isIP(address) === 0) return hop;
  const { listener, transport } = peer;
  const there: Hop = { listener, transport, address, port: uri.port ?? defaultPortOf(transport) };
  const leadsThere = hop.transport === transport && hop.address === address;
  return leadsThere && hop.connection !== undefined ? { ...there, connection: hop.connection } : there;
}
