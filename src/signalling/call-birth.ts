import { isIPv6 } from 'node:net';
import type { RandomBytes } from '../kernel/ids.ts';
import type { Party } from '../records/call-record.ts';
import { isSecure, uriTransportOf } from '../sip/transport-name.ts';
import { parseCSeq } from '../sip/cseq.ts';
import { newLeg } from './call-leg.ts';
import { isAmong } from './address-prefix.ts';
import type { Attempt, CallLimits, CallState, CallTokens, Leg, LegPeer } from './call-state.ts';
import type { IncomingInvite } from './incoming-invite.ts';
import { bestFirst } from './peering/hop-standings.ts';
import type { Place, TargetBoard } from './peering/target-board.ts';
import { abilitiesIn } from './leg-abilities.ts';
import type { Peer } from './peers.ts';
import type { CallFacts } from './ports.ts';
import type { ServerTransaction, TransactionLayer } from './transaction-layer.ts';

export interface Birth {
  readonly facts: CallFacts;
  readonly invite: IncomingInvite;
  readonly transaction: Pick<ServerTransaction, 'id' | 'request' | 'source'>;
  readonly tokens: CallTokens;
  readonly limits: CallLimits;
  readonly caller: LegPeer;
  readonly attempts: readonly Attempt[];
}

/** A call before its first step. */
export function newCall({ facts, invite, transaction, tokens, limits, caller, attempts }: Birth): CallState {
  const { id, request } = transaction;
  return {
    phase: 'admitting',
    facts,
    tokens,
    limits,
    attempts,
    tried: 0,
    asked: [],
    redirections: 0,
    attempt: null,
    rang: false,
    forks: [],
    requestUri: invite.requestUri,
    maxForwards: invite.maxForwards,
    caller: callerLeg(transaction, caller, tokens),
    callee: null,
    encodings: null,
    narrowing: 'must',
    announcing: null,
    local: null,
    awaiting: true,
    exchange: {
      from: 'caller',
      initial: true,
      transaction: id,
      request,
      client: null,
      stage: 'relayed',
      offer: invite.offer,
      accepted: null,
      intervalMs: 0,
      cancelled: false,
    },
    relays: new Map(),
    referrals: [],
    asking: new Set<Party>(),
    codes: [],
    heldKeys: new Map(),
    byes: new Map(),
    digests: new Map(),
    sent: new Map(),
    serial: 0,
    end: null,
  };
}

function callerLeg({ request, source }: Birth['transaction'], peer: LegPeer, tokens: CallTokens): Leg {
  const leg = newLeg({
    party: 'caller',
    peer,
    callId: request.headers.first('call-id') ?? '',
    localTag: tokens.callerTag,
    hop: source,
    session: tokens.callerSession,
  });
  return { ...leg, abilities: abilitiesIn(request.headers, leg.abilities) };
}

/**
 * Draws a call's tokens, all at once since a draw is a system call. RFC 3261 §19.3 asks for 32 random bits in a
 * tag; these have 64. `keyRandom` is what keys are drawn from.
 */
export function drawTokens(random: RandomBytes, keyRandom: RandomBytes): CallTokens {
  const bytes = Buffer.from(random(62));
  const [dice = 0] = bytes;
  return {
    callerTag: bytes.toString('hex', 1, 9),
    calleeTag: bytes.toString('hex', 9, 17),
    // RFC 3261 §8.1.1.4 leaves the host away: it would tell one side the address that the other side knows us by.
    calleeCallId: bytes.toString('hex', 17, 29),
    clientNonce: bytes.toString('hex', 42, 58),
    // RFC 8866 §5.2: a numeric string; 48 bits fit every reader.
    callerSession: String(bytes.readUIntBE(29, 6)),
    calleeSession: String(bytes.readUIntBE(35, 6)),
    retryAfterSeconds: dice % 11,
    backOffMs: (bytes.readUInt8(41) % 200) * 10,
    firstRSeq: 1 + (bytes.readUInt32BE(58) >>> 2),
    srtpSecret: keyRandom(32),
  };
}

/** What we are called towards a peer, on the listener that it uses. `secure`: in a dialog that a `sips:` URI began. */
export function legPeer(peer: Peer, layer: TransactionLayer, secure = false): LegPeer {
  const { host, port, transport } = layer.sentBy(peer.listener);
  const literal = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
  const named = uriTransportOf(transport);
  // RFC 3261 §8.1.1.8: a `sips:` request has a `sips:` Contact, whose scheme says TLS already (§26.2.2).
  const scheme = secure && isSecure(transport) ? 'sips' : 'sip';
  const parameter = named === null || (scheme === 'sips' && named === 'tls') ? '' : `;transport=${named}`;
  const user = peer.registration === null ? '' : `${peer.registration.contactUser}@`;
  return {
    id: peer.id,
    host: peer.domain ?? literal,
    // RFC 3261 §8.1.1.8: by this URI it reaches us, which is why it is the one that we register.
    contact: `<${scheme}:${user}${literal}:${port}${parameter}>`,
    listener: peer.listener,
    match: peer.match,
    transport,
    credentials: peer.credentials,
    trusted: peer.trust,
    nat: peer.nat,
    srtp: peer.srtp,
    refer: peer.refer,
    controls: peer.side === 'pbx',
    recordHeader: peer.recordHeader,
  };
}

/**
 * Every place of every peer of a route, in order; those that do not stand well come last, so that calls go where
 * they can.
 */
export function attemptsOf(
  route: readonly Peer[],
  board: TargetBoard,
  layer: TransactionLayer,
  secure: boolean,
): Attempt[] {
  const places = route.flatMap((peer) => {
    const named = legPeer(peer, layer, secure);
    const { inviteTimeoutMs } = peer;
    const found = peer.targets.length > 0 ? board.placesOf(peer) : ownConnection(peer, layer);
    return found.map((place) => ({ peer: named, inviteTimeoutMs, ...place }));
  });
  return bestFirst(places).slice(0, maxAttempts);
}

/** Where a peer without targets is: at the end of the connection that it has opened (RFC 5923, RFC 7118 §5). */
function ownConnection(peer: Peer, layer: TransactionLayer): Place[] {
  const hop = layer.connectionFrom(peer.listener, (address, port) => isAmong(peer.match, address, port));
  if (hop === null) return [];
  const host = peer.domain ?? (isIPv6(hop.address) ? `[${hop.address}]` : hop.address);
  return [{ target: { host, port: null, hop }, standing: 'well', routes: [] }];
}

/** A route may lead to many hosts, and each may take `inviteTimeoutMs` to say nothing. */
const maxAttempts = 32;

/** What tells one INVITE from its merged copies (RFC 3261 §8.2.2.2). */
export function mergeKey(request: ServerTransaction['request'], fromTag: string): string {
  const number = parseCSeq(request.headers.first('cseq') ?? '')?.number ?? 0;
  return `${request.headers.first('call-id') ?? ''}\n${fromTag}\n${number}`;
}
