import { hasParam } from '../../sip/params.ts';
import { canBeDialled, defaultPortOf, isReliable } from '../../sip/transport-name.ts';
import type { Via } from '../../sip/via.ts';
import type { Hop } from '../transaction-layer.ts';

/** The way back of responses to one request. */
export interface ReturnPath {
  readonly first: Hop;
  /** Where to try when the first fails; null: nowhere else. */
  readonly second: Hop | null;
}

/**
 * RFC 3261 §18.2.2: over a stream the connection the request came on, else a new one to the source's address and
 * the sent-by port; over UDP the source's address (which is `received` wherever it differs from the sent-by) and
 * the sent-by port, or with `rport` the source's port (RFC 3581 §4). A WebSocket client takes no connections, so
 * there is but one way to it (RFC 7118 §5).
 *
 * Deviation: `maddr` (§18.2.2) is not followed: it would let a sender point our answers at anybody, and is used
 * for multicast, which no configured peer is reached by.
 */
export function returnPath(via: Via, source: Hop): ReturnPath {
  const { listener, transport, address } = source;
  const port = via.port ?? defaultPortOf(transport);
  if (!canBeDialled(transport)) return { first: source, second: null };
  if (isReliable(transport)) return { first: source, second: { listener, transport, address, port } };
  if (hasParam(via.params, 'rport')) return { first: source, second: null };
  return { first: { listener, transport, address, port }, second: null };
}
