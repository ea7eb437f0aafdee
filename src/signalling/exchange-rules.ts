import type { Party } from '../records/call-record.ts';
import { ownIsOut } from './call-own.ts';
import type { Talk } from './dialog-side.ts';
import { type Refusal, retryAfter } from './refusal.ts';
import type { Turn } from './turn.ts';

/** RFC 3261 §14.2, RFC 3311 §5.2: an offer of ours is on its way there. */
export const pending: Refusal = { status: 491, phrase: 'Request Pending' };

/** RFC 3261 §14.2: "a Retry-After header field with a randomly chosen value of between 0 and 10 seconds". */
export function later({ call }: Turn): Refusal {
  const headers = [retryAfter(call.tokens.retryAfterSeconds)];
  return { status: 500, phrase: 'Server Internal Error', headers };
}

/** Requests of one call that may wait for the other side's answer at once. */
const maxRelayed = 32;

/** What one request more that is to go on is told while too many wait (RFC 3261 §21.5.1). Null: it goes on. */
export function relayedTooMany(turn: Turn): Refusal | null {
  return turn.call.relays.size < maxRelayed ? null : later(turn);
}

/**
 * One exchange at a time in a dialog: what an offer of this party is answered while another waits for its answer
 * (RFC 3311 §5.2; RFC 6337 §5, rules UAS-UcU, UAS-UsU, UAS-IcU and UAS-IsU). Null: none does.
 */
export function offerCollision(turn: Turn, party: Party, at: string | null): Refusal | null {
  if (ownIsOut(turn)) return pending;
  const offered = openOffer(turn, party, at);
  if (offered === null) return null;
  return offered === party ? later(turn) : pending;
}

/** What goes between the parties in either place meets at one of them: a caller that is answered first has one dialog for all forks. */
function isOneDialog(turn: Turn, one: string | null, other: string | null): boolean {
  if (turn.fork(one) === turn.fork(other)) return true;
  const tag = turn.callerTagOf(one);
  return tag !== undefined && tag === turn.callerTagOf(other);
}

/** Who has made the offer that waits for its answer; `nobody`: one is still to be made. Null: none waits. */
function openOffer(turn: Turn, party: Party, at: string | null): Party | 'nobody' | null {
  const { exchange, relays } = turn.call;
  for (const { offer, from, at: where, completes = false } of relays.values()) {
    if (isOneDialog(turn, where, at) && (offer !== null || completes)) return from;
  }
  if (exchange === null) return null;
  const talk = turn.side(exchange.from, at)?.talk ?? null;
  // A PRACK is part of the exchange whose answer it acknowledges.
  if (talk !== null && owesPrack(talk)) return exchange.from;
  const progress = (party === exchange.from ? talk?.asker : talk?.asked) ?? 'open';
  // The INVITE's own offer is answered in a way that cannot be lost: its final response does not matter.
  if (exchange.stage === 'relayed' && progress !== 'open') return null;
  return (exchange.offer ?? talk?.offer)?.by ?? 'nobody';
}

/** Whether an answer has come, or gone, that no PRACK has acknowledged yet. */
function owesPrack({ outstanding, queue }: Talk): boolean {
  return [...(outstanding === null ? [] : [outstanding]), ...queue].some(
    ({ carries, upstream }) => carries === 'answer' || upstream?.described === true,
  );
}

/** Whether an offer may go to a party in this dialog now: all before it is answered, and acknowledged. */
export function takesOffer(turn: Turn, party: Party, at: string | null): boolean {
  const { exchange } = turn.call;
  if (exchange === null) return true;
  const talk = turn.side(exchange.from, at)?.talk ?? null;
  if (talk === null || exchange.stage !== 'relayed' || talk.outstanding?.carries === 'offer') return false;
  return (party === exchange.from ? talk.asker : talk.asked) !== 'open';
}

/** RFC 6337 §5, UAS-UcU and UAS-UsU: an UPDATE while another is under way in this dialog. */
export function updateCollision(turn: Turn, party: Party, at: string | null): Refusal | null {
  for (const { request, from, at: where } of turn.call.relays.values()) {
    if (request.method !== 'UPDATE' || !isOneDialog(turn, where, at)) continue;
    return from === party ? later(turn) : pending;
  }
  return null;
}
