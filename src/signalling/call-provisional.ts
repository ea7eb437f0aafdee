import type { SessionDescription } from '../sdp/session-description.ts';
import { parseCSeq } from '../sip/cseq.ts';
import { dialogFromRequest } from '../sip/dialog.ts';
import { noBody, type SipRequest, type SipResponse } from '../sip/message.ts';
import { tagOf } from '../sip/name-addr.ts';
import { parseRSeq } from '../sip/reliable.ts';
import { transactionTimeout } from '../sip/transaction-timers.ts';
import { forkOf, isAlone, onForkEnded } from './call-forks.ts';
import { adoptAnswer, faultForms, passAnswer, passNeededOffer, revert } from './call-offer-answer.ts';
import { endCall, forgetExchange } from './call-release.ts';
import { inviteResponse, respondRefusal } from './call-responses.ts';
import type { Exchange } from './call-state.ts';
import type { Provisional, Talk } from './dialog-side.ts';
import { names } from './extensions.ts';
import { sendReliably } from './provisional-queue.ts';
import { learnAbilities } from './leg-abilities.ts';
import { sendPrack } from './leg-requests.ts';
import { sessionBody } from './sdp-body.ts';
import { otherParty, type Turn } from './turn.ts';

/** Where a provisional belongs, and its RSeq where it is reliable. */
interface Arrived {
  readonly at: string | null;
  readonly rseq: number | null;
}

/** What of the description of a provisional goes on. */
interface Carried {
  readonly body: Uint8Array;
  readonly carries: Provisional['carries'];
}

const nothing: Carried = { body: noBody, carries: null };

/**
 * A provisional to an INVITE of ours (RFC 3261 §13.2.2.1). 100 speaks of one hop only (§17.2.1) and stays here. A
 * reliable one that is repeated, or that comes before its turn, is not processed (RFC 3262 §4).
 */
export function onProvisional(turn: Turn, exchange: Exchange, response: SipResponse): void {
  // An UPDATE that went on as an INVITE has no provisional to be told.
  if (response.status === 100 || exchange.request.method !== 'INVITE') return;
  // RFC 3261 §16.7 item 2: Timer C begins again with each, also with one that is not processed.
  if (exchange.initial) turn.setTimer('ring', turn.call.limits.ringMs);
  const fork = exchange.initial ? forkOf(turn, exchange, response) : null;
  if (exchange.initial && fork === null) return;
  const at = fork?.callerTag ?? null;
  const rseq = reliableNumber(turn, exchange, response);
  if (rseq !== null && !takeNumber(turn, exchange, at, rseq)) return;
  if (exchange.initial) turn.update({ rang: true });
  learnAbilities(turn, otherParty(exchange.from), response.headers, at);
  const carried = carry(turn, exchange, response, { at, rseq });
  if (carried === null) return;
  // RFC 3261 §13.3.1.4: after its 2xx there is nothing more to be said to an INVITE.
  const isOver = exchange.initial && (turn.isAnswered || (response.status === 199 && isAlone(turn)));
  const passes = passesOn(exchange, response) && !isOver;
  const reliable = passes && isReliable(exchange.request, carried, rseq);
  const behind = upstreamOf(response, rseq);
  if (behind !== null && !reliable) sendPrack(turn, otherParty(exchange.from), at, behind);
  if (passes) pass(turn, exchange, response, { at, behind, carried, reliable });
  // RFC 3960 §3.1: who has early media of ours waits for the ringing tone in it.
  if (response.status === 180 && exchange.initial && turn.call.announcing !== null) {
    turn.emit({ type: 'ringing' });
  }
  if (response.status === 199 && fork !== null) onForkEnded(turn, fork);
}

/** RFC 6228 §4: 199 only where its support was said. */
function passesOn({ request }: Exchange, { status }: SipResponse): boolean {
  return status !== 199 || names(request.headers, 'supported', '199');
}

/** RFC 3262 §4: RSeq counts with Require: 100rel, in a dialog, and where our INVITE has promised a PRACK. */
function reliableNumber(turn: Turn, exchange: Exchange, { headers }: SipResponse): number | null {
  const invite = turn.leg(otherParty(exchange.from))?.invite?.request;
  if (invite === undefined || !names(invite.headers, 'supported', '100rel')) return null;
  if (!names(headers, 'require', '100rel') || tagOf(headers.first('to') ?? '') === null) return null;
  return parseRSeq(headers.first('rseq') ?? '');
}

/** Whether it is the next one in its dialog; then it is taken. */
function takeNumber(turn: Turn, { from }: Exchange, at: string | null, rseq: number): boolean {
  const received = turn.side(from, at)?.talk?.received ?? null;
  if (received !== null && rseq !== received + 1) return false;
  turn.updateTalk(from, at, { received: rseq });
  return true;
}

/** RFC 3262 §3: reliable where the asker requires it, and where it matters and the asker knows how. */
function isReliable(request: SipRequest, { body }: Carried, rseq: number | null): boolean {
  if (names(request.headers, 'require', '100rel')) return true;
  return names(request.headers, 'supported', '100rel') && (body.length > 0 || rseq !== null);
}

/** Whether the asker of this INVITE acknowledges provisionals. */
export function speaks100rel({ headers }: SipRequest): boolean {
  return names(headers, 'supported', '100rel') || names(headers, 'require', '100rel');
}

/** What its description is, and what of it the asker gets. Null: it is of no use, and the call has ended. */
function carry(turn: Turn, exchange: Exchange, response: SipResponse, arrived: Arrived): Carried | null {
  const described = sessionBody(response);
  const description = described.ok ? described.value : null;
  const talk = turn.side(exchange.from, arrived.at)?.talk ?? null;
  if (description === null || talk === null) return nothing;
  if (exchange.offer === null) return carryOffer(turn, exchange, description, arrived);
  if (talk.answer === null) return carryAnswer(turn, exchange, description, arrived);
  return carryAgain(turn, exchange, talk, description, arrived);
}

function carryAnswer(
  turn: Turn,
  exchange: Exchange,
  description: SessionDescription,
  arrived: Arrived,
): Carried {
  const { from, offer } = exchange;
  const { at, rseq } = arrived;
  const passed = offer === null ? null : passAnswer(turn, offer, description, at);
  if (passed?.ok !== true) return nothing;
  const answer = { body: passed.value, version: turn.side(from, at)?.origin.version ?? 0 };
  const carried: Carried = { body: passed.value, carries: 'answer' };
  turn.updateTalk(from, at, {
    answer,
    asked: rseq === null ? 'open' : 'settled',
    asker: isReliable(exchange.request, carried, rseq) ? 'settled' : 'open',
  });
  return carried;
}

/**
 * The asker keeps to the first answer and is told nothing else (RFC 3261 §13.2.1); once that cannot be lost it is not
 * told again. What comes while the other side has not settled on one may still say where its media are.
 */
function carryAgain(
  turn: Turn,
  { from, offer }: Exchange,
  talk: Talk,
  description: SessionDescription,
  { at, rseq }: Arrived,
): Carried {
  if (talk.asked === 'open' && offer !== null) {
    adoptAnswer(turn, offer, description, at);
    if (rseq !== null) turn.updateTalk(from, at, { asked: 'settled' });
  }
  return talk.asker === 'open' && talk.answer !== null
    ? { body: talk.answer.body, carries: 'answer' }
    : nothing;
}

/**
 * An INVITE without an offer: the first reliable message has it (RFC 3261 §13.2.1, RFC 3262 §5), and the asker's PRACK
 * the answer. An unreliable one has none.
 */
function carryOffer(
  turn: Turn,
  exchange: Exchange,
  description: SessionDescription,
  arrived: Arrived,
): Carried | null {
  const { from } = exchange;
  const { at, rseq } = arrived;
  const talk = turn.side(from, at)?.talk;
  if (rseq === null || talk?.asked !== 'open' || talk.offer !== null) return nothing;
  const passed = passNeededOffer(turn, otherParty(from), description, at);
  if (!passed.ok) {
    const { refusal, reason } = faultForms[passed.error];
    endCall(turn, { reason, refusal, outcome: 'upstream' });
    return null;
  }
  turn.updateTalk(from, at, { offer: passed.value.offer });
  return { body: passed.value.body, carries: 'offer' };
}

/** What our PRACK will say of it. */
function upstreamOf(response: SipResponse, rseq: number | null): Provisional['upstream'] {
  const cseq = parseCSeq(response.headers.first('cseq') ?? '')?.number;
  const described = sessionBody(response);
  if (rseq === null || cseq === undefined) return null;
  return { rseq, cseq, described: described.ok && described.value !== null };
}

interface Passing {
  readonly at: string | null;
  readonly behind: Provisional['upstream'];
  readonly carried: Carried;
  readonly reliable: boolean;
}

/** Sends it on, in the fork's own dialog. */
function pass(
  turn: Turn,
  exchange: Exchange,
  upstream: SipResponse,
  { at, behind, carried, reliable }: Passing,
): void {
  const { from, request, transaction } = exchange;
  const { status, phrase } = upstream;
  const tag = at ?? turn.dialog(from)?.localTag ?? '';
  const { body, carries } = carried;
  const response = inviteResponse(turn, exchange, { status, phrase, upstream, tag, body });
  const side = turn.side(from, at);
  if (exchange.initial && side?.dialog === null) {
    turn.updateSide(from, at, { dialog: dialogFromRequest(request, response) });
  }
  if (reliable) sendReliably(turn, exchange, at, { response, carries, upstream: behind });
  else turn.emit({ type: 'respond', transaction, response });
}

/** RFC 3262 §3: sent again "with an interval that starts at T1 seconds and doubles", for 64*T1 in all. */
export function onPrackTimer(turn: Turn, tag: string): void {
  const { exchange } = turn.call;
  if (exchange === null) return;
  const at = turn.fork(tag)?.callerTag ?? null;
  const outstanding = turn.side(exchange.from, at)?.talk?.outstanding ?? null;
  if (outstanding === null) return;
  const elapsedMs = outstanding.elapsedMs + outstanding.intervalMs;
  if (elapsedMs >= transactionTimeout) {
    giveUp(turn, exchange);
    return;
  }
  const intervalMs = Math.min(2 * outstanding.intervalMs, transactionTimeout - elapsedMs);
  turn.updateTalk(exchange.from, at, { outstanding: { ...outstanding, intervalMs, elapsedMs } });
  turn.emit({ type: 'respond', transaction: exchange.transaction, response: outstanding.response });
  turn.setTimer(`prack ${tag}`, intervalMs);
}

/** RFC 3262 §3: without a PRACK after 64*T1, "the UAS SHOULD reject the original request with a 5xx response". */
function giveUp(turn: Turn, exchange: Exchange): void {
  const refusal = { status: 500, phrase: 'Provisional Response Not Acknowledged' };
  // Where the other side has answered already, its session is not the one that this side would keep.
  if (exchange.initial || exchange.stage === 'held') {
    const outcome = exchange.initial ? 'caller' : 'indeterminate';
    endCall(turn, { reason: 'protocol-error', outcome, refusal });
    return;
  }
  respondRefusal(turn, exchange.transaction, exchange.request, refusal);
  if (exchange.client !== null) turn.emit({ type: 'cancel', client: exchange.client, reason: null });
  revert(turn, exchange);
  forgetExchange(turn);
}
