import { nextHopUri } from '../sip/dialog.ts';
import type { SipRequest } from '../sip/message.ts';
import { defaultPortOf } from '../sip/transport-name.ts';
import { parseSipUri } from '../sip/uri.ts';
import { bareHost } from '../sip/via.ts';
import { addressBytes, type AddressPrefix, contains, isUnicast } from './address-prefix.ts';
import type { LegPeer } from './call-state.ts';
import type { Hop } from './transaction-layer.ts';

interface DialogEnd {
  readonly peer: Pick<LegPeer, 'listener' | 'transport' | 'match'>;
  /** Where its messages came from last. */
  readonly hop: Hop;
}

/**
 * Where a request in a dialog goes: to the address of its first route or target (RFC 3261 §8.1.2); where that is a
 * name or no address of this peer, to where the dialog's messages came from. A connection is reused while it leads
 * there (§18).
 *
 * Deviation: a Contact or Record-Route that names an address outside the peer's `match` is not followed: it would let
 * a peer point us at anybody, and what answered from there would be a stranger to us.
 *
 * Deviation: the transport is that of the peer's listener, whatever the URI's parameter says (§8.1.2): the peer is
 * configured for it. A connection that served a large message (§18.1.1) is left again.
 */
export function dialogHop({ peer, hop }: DialogEnd, request: SipRequest): Hop {
  const uri = parseSipUri(nextHopUri(request));
  const address = bareHost(uri?.host ?? '');
  if (uri === null || uri.port === 0) return hop;
  if (address !== hop.address && !isOf(peer.match, address)) return hop;
  const { listener, transport } = peer;
  const there = heardFrom(hop, { listener, transport, address, port: uri.port ?? defaultPortOf(transport) });
  const leadsThere = hop.transport === transport && hop.address === address;
  return leadsThere && hop.connection !== undefined ? { ...there, connection: hop.connection } : there;
}

/**
 * Where a party's messages come from now. The name that it was found by stays with it: a connection that is dialled
 * anew has to prove that name again, not the address that DNS gave for it (RFC 5922 §7.3).
 */
export function heardFrom({ name }: Hop, source: Hop): Hop {
  return name === undefined ? source : { ...source, name };
}

/** Whatever the port: a peer that is known by one may listen on another. */
function isOf(match: readonly AddressPrefix[], address: string): boolean {
  const bytes = addressBytes(address);
  if (bytes === null || !isUnicast(bytes)) return false;
  return match.some((prefix) => contains({ ...prefix, port: null }, bytes, 0));
}
