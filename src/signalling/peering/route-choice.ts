import { err, ok, type Result } from '../../kernel/result.ts';
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

/** Where a new call goes: peers of its route that have room, each with the places where it can be reached. */
export function chooseRoute(question: RouteQuestion): Result<ChosenRoute, Refusal> {
  const { from, emergency, peers, board, limits, layer } = question;
  const route = peers.route(from.id);
  if (route.length === 0) return err({ status: 404, phrase: 'Not Found' });
  const limitOf = (peer: Peer): LimitedBy | null => {
    const limit = emergency ? null : limits.limitOf(peer);
    if (limit !== null) limits.countRefused(peer, limit);
    return limit;
  };
  const own = limitOf(from);
  if (own !== null) return err(refusals[own]);
  const reached = route.map((peer) => ({ peer, limit: limitOf(peer) }));
  const open = reached.flatMap(({ peer, limit }) => (limit === null ? [peer] : []));
  if (open.length === 0) return err(refusals[reached[0]?.limit ?? 'calls']);
  const attempts = attemptsOf(open, board, layer);
  const first = peers.named(attempts[0]?.peer.id ?? '');
  // RFC 3261 §16.7 item 6: a 503 would be taken to speak of us, and it is the next hop that cannot be reached.
  if (first === null) return err({ status: 500, phrase: 'Server Internal Error' });
  return ok({ attempts, first });
}
