import { isIP } from 'node:net';
import type { SipResponse } from '../../sip/message.ts';
import { type NameAddr, parseNameAddrList } from '../../sip/name-addr.ts';
import { paramValue } from '../../sip/params.ts';
import { canBeDialled, defaultPortOf } from '../../sip/transport-name.ts';
import { parseSipUri, type SipUri } from '../../sip/uri.ts';
import { bareHost } from '../../sip/via.ts';
import { attemptsOf, legPeer } from '../call-birth.ts';
import type { Attempt, LegPeer } from '../call-state.ts';
import type { Peer, PeerBook } from '../peers.ts';
import type { TransactionLayer } from '../transaction-layer.ts';
import type { TargetBoard } from './target-board.ts';

/** Contacts of one response that are looked at. */
const maxContacts = 16;

export interface RedirectQuestion {
  readonly response: SipResponse;
  /** Peers that the call may go to. */
  readonly route: readonly Peer[];
  readonly peers: PeerBook;
  readonly board: TargetBoard;
  readonly layer: TransactionLayer;
}

/**
 * Where a 3xx sends the call (RFC 3261 §8.1.3.4), as far as these are places of the peers of its route, in the
 * order of q. Everything else is not dialled on anybody's word.
 */
export function redirectAttempts(question: RedirectQuestion): Attempt[] {
  const { response, route } = question;
  const contacts = parseNameAddrList(response.headers.all('contact').slice(0, maxContacts)) ?? [];
  return contacts
    .slice(0, maxContacts)
    .toSorted((a, b) => preference(b) - preference(a))
    .flatMap((contact) => {
      const uri = parseSipUri(contact.uri);
      if (uri?.scheme !== 'sip') return [];
      for (const peer of route) {
        const attempt = placeOf(uri, peer, question) ?? addressOf(uri, peer, question);
        if (attempt !== null) return [{ ...attempt, requestUri: uri }];
      }
      return [];
    });
}

/** One of the peer's targets, by its name or by an address that it stands for. */
function placeOf(uri: SipUri, peer: Peer, { board, layer }: RedirectQuestion): Attempt | null {
  const host = uri.host.toLowerCase();
  const isThere = ({ target: { host: name, port, hop } }: Attempt): boolean =>
    fits(uri, hop.transport) &&
    ((name.toLowerCase() === host && port === uri.port) ||
      (hop.address === bareHost(host) && hop.port === portOf(uri, hop.transport)));
  return attemptsOf([peer], board, layer, uri.scheme === 'sips').find(isThere) ?? null;
}

/** An address that the peer is recognised by. TLS is by the names of targets only. */
function addressOf(uri: SipUri, peer: Peer, { peers, layer }: RedirectQuestion): Attempt | null {
  const named = legPeer(peer, layer);
  const { listener, transport } = named;
  const address = bareHost(uri.host);
  const port = portOf(uri, transport);
  if (isIP(address) === 0 || transport === 'tls' || !canBeDialled(transport) || !fits(uri, transport))
    return null;
  if (peers.find(listener, address, port)?.id !== peer.id) return null;
  const target = { host: uri.host, port: uri.port, hop: { listener, transport, address, port } };
  return { peer: named, target, routes: [], inviteTimeoutMs: peer.inviteTimeoutMs };
}

function portOf({ port }: SipUri, transport: LegPeer['transport']): number {
  return port ?? defaultPortOf(transport);
}

/** The transport that a URI names is the one that the peer is spoken to by. */
function fits({ params }: SipUri, transport: LegPeer['transport']): boolean {
  const named = paramValue(params, 'transport')?.toLowerCase();
  return named === undefined || named === transport;
}

/** RFC 3261 §20.10: without q a Contact is as good as any. */
function preference({ params }: NameAddr): number {
  const q = Number(paramValue(params, 'q') ?? 1);
  return q >= 0 && q <= 1 ? q : 0;
}
