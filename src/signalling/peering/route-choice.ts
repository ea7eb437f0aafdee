import { err, ok, type Result } from '../../kernel/result.ts';
import { isSecure } from '../../sip/transport-name.ts';
import { attemptsOf } from '../call-birth.ts';
import type { Attempt } from '../call-state.ts';
import type { Peer, PeerBook } from '../peers.ts';
import { type Refusal, retryAfter } from '../refusal.ts';
import type { TransactionLayer } from '../transaction-layer.ts';
import type { CallLimits, LimitedBy } from './call-limits.ts';
import type { TargetBoard } from './target-board.ts';

export interface RouteQuestion {
  readonly from: Peer;
  /** Emergency calls are not limited. */
  readonly emergency: boolean;
  /** Whether it asks for TLS on each hop, by a `sips:` URI. */
  readonly secure: boolean;
  readonly peers: PeerBook;
  readonly board: TargetBoard;
  readonly limits: CallLimits;
  readonly layer: TransactionLayer;
}

export interface ChosenRoute {
  readonly attempts: readonly Attempt[];
  /** The peer that is tried first. */
  readonly first: Peer;
}

/** A peer's calls end after a while; its next second comes at once. */
const refusals: Readonly<Record<LimitedBy, Refusal>> = {
  calls: { status: 503, phrase: 'Service Unavailable', headers: [retryAfter(30)] },
  rate: { status: 503, phrase: 'Service Unavailable', headers: [retryAfter(1)] },
};

/**
 * RFC 5630 §5: 480 where a `sips:` request would have to go on without TLS, with a warning that says so. An emergency call goes on all the same.
 */
const sipsNotAllowed: Refusal = {
  status: 480,
  phrase: 'Temporarily Unavailable',
  headers: [['Warning', '380 onrecord "SIPS Not Allowed"']],
};

/** Why the sender may begin no call now; null: it may. */
export function refusalOfSender(question: RouteQuestion): Refusal | null {
  const limit = limitReached(question, question.from);
  return limit === null ? null : refusals[limit];
}

function limitReached({ emergency, limits }: RouteQuestion, peer: Peer): LimitedBy | null {
  const limit = emergency ? null : limits.limitOf(peer);
  if (limit !== null) limits.countRefused(peer, limit);
  return limit;
}

/** Where a new call goes: peers of its route that have room, each with the places where it can be reached. */
export function chooseRoute(question: RouteQuestion): Result<ChosenRoute, Refusal> {
  const { from, emergency, secure, peers, board, layer } = question;
  const route = peers.route(from.id);
  if (route.length === 0) return err({ status: 404, phrase: 'Not Found' });
  const own = refusalOfSender(question);
  if (own !== null) return err(own);
  const reached = route.map((peer) => ({ peer, limit: limitReached(question, peer) }));
  const open = reached.flatMap(({ peer, limit }) => (limit === null ? [peer] : []));
  if (open.length === 0) return err(refusals[reached[0]?.limit ?? 'calls']);
  const all = attemptsOf(open, board, layer, secure);
  const attempts = secure && !emergency ? all.filter(({ target }) => isSecure(target.hop.transport)) : all;
  if (all.length > 0 && attempts.length === 0) return err(sipsNotAllowed);
  const first = peers.named(attempts[0]?.peer.id ?? '');
  // RFC 3261 §16.7 item 6: a 503 would be taken to speak of us, and it is the next hop that cannot be reached.
  if (first === null) return err({ status: 500, phrase: 'Server Internal Error' });
  return ok({ attempts, first });
}
