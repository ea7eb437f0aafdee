import type { RandomBytes } from '../kernel/ids.ts';
import { uriTransportOf } from '../sip/transport-name.ts';
import { parseCSeq } from '../sip/cseq.ts';
import { newLeg } from './call-leg.ts';
import type { Attempt, CallLimits, CallState, CallTokens, Leg, LegPeer } from './call-state.ts';
import type { IncomingInvite } from './incoming-invite.ts';
import { bestFirst } from './peering/hop-standings.ts';
import type { TargetBoard } from './peering/target-board.ts';
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
    ...{
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
    },
    ...{ requestUri: invite.requestUri, maxForwards: invite.maxForwards },
    caller: callerLeg(transaction, caller, tokens),
    callee: null,
    ...{ encodings: null, narrowing: 'must', local: null, awaiting: true },
    exchange: {
      ...{ from: 'caller', initial: true, transaction: id, request, client: null, stage: 'relayed' },
      ...{ offer: invite.offer, accepted: null, intervalMs: 0, cancelled: false },
    },
    ...{ relays: new Map(), referrals: [], byes: new Map(), digests: new Map(), sent: new Map() },
    ...{ serial: 0, end: null },
  };
}

function callerLeg({ request, source }: Birth['transaction'], peer: LegPeer, tokens: CallTokens): Leg {
  const leg = newLeg({
    ...{ party: 'caller', peer, callId: request.headers.first('call-id') ?? '' },
    ...{ localTag: tokens.callerTag, hop: source, session: tokens.callerSession },
  });
  return { ...leg, abilities: abilitiesIn(request.headers, leg.abilities) };
}

/**
 * Draws a call's tokens, all at once since a draw is a system call. RFC 3261 §19.3 asks for 32 random bits in a
 * tag; these have 64.
 */
export function drawTokens(random: RandomBytes): CallTokens {
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
  };
}

/** What we are called towards a peer, on the listener that it uses. */
export function legPeer(peer: Peer, layer: TransactionLayer): LegPeer {
  const { host, port, transport } = layer.sentBy(peer.listener);
  const literal = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
  const named = uriTransportOf(transport);
  const parameter = named === null ? '' : `;transport=${named}`;
  const user = peer.registration === null ? '' : `${peer.registration.contactUser}@`;
  return {
    id: peer.id,
    host: peer.domain ?? literal,
    // RFC 3261 §8.1.1.8: by this URI it reaches us, which is why it is the one that we register.
    contact: `<sip:${user}${literal}:${port}${parameter}>`,
    listener: peer.listener,
    match: peer.match,
    transport,
    credentials: peer.credentials,
    trusted: peer.trust,
    refer: peer.refer,
  };
}

/**
 * Every place of every peer of a route, in order; those that do not stand well come last, so that calls go where
 * they can.
 */
export function attemptsOf(route: readonly Peer[], board: TargetBoard, layer: TransactionLayer): Attempt[] {
  const places = route.flatMap((peer) => {
    const named = legPeer(peer, layer);
    const { inviteTimeoutMs } = peer;
    return board.placesOf(peer).map((place) => ({ ...place, peer: named, inviteTimeoutMs }));
  });
  return bestFirst(places).slice(0, maxAttempts);
}

/** A route may lead to many hosts, and each may take `inviteTimeoutMs` to say nothing. */
const maxAttempts = 32;

/** What tells one INVITE from its merged copies (RFC 3261 §8.2.2.2). */
export function mergeKey(request: ServerTransaction['request'], fromTag: string): string {
  const number = parseCSeq(request.headers.first('cseq') ?? '')?.number ?? 0;
  return `${request.headers.first('call-id') ?? ''}\n${fromTag}\n${number}`;
}
