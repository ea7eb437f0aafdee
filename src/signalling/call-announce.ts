import { dialogFromRequest } from '../sip/dialog.ts';
import { sendAccepted } from './call-acceptance.ts';
import { addFirstFork } from './call-forks.ts';
import { answerAlone } from './call-offer-answer.ts';
import { speaks100rel } from './call-provisional.ts';
import { inviteResponse } from './call-responses.ts';
import { sendReliably } from './provisional-queue.ts';
import type { Announcing, Exchange, Offer } from './call-state.ts';
import { newTalk } from './dialog-side.ts';
import type { Turn } from './turn.ts';

/**
 * Lets the caller hear us before anybody is dialled: a 183 or 200 of ours answers its offer (RFC 3261 §13.2.1, RFC 3960
 * §3). False: it has made no offer, or none in which it would hear us, and the callee is dialled at once.
 */
export function announceFirst(turn: Turn): boolean {
  const { announcing, exchange } = turn.call;
  if (announcing === null) return false;
  const offer = exchange?.offer ?? null;
  if (exchange === null || offer === null) return giveUp(turn);
  return announcing.by === 'answer'
    ? answerFirst(turn, exchange, announcing, offer)
    : tellEarly(turn, exchange, announcing, offer);
}

function tellEarly(turn: Turn, exchange: Exchange, announcing: Announcing, offer: Offer): boolean {
  const { forks } = turn.call;
  const { callerTag: tag } = addFirstFork(turn, exchange);
  const answered = answerAlone(turn, 'caller', offer.description, { at: tag, among: announcing.among });
  if (!answered.ok) {
    turn.update({ forks });
    return giveUp(turn);
  }
  const { body, encodings: chosen } = answered.value;
  turn.update({ phase: 'telling', announcing: { ...announcing, chosen } });
  const progress = { status: 183, phrase: 'Session Progress', upstream: null, tag, body };
  const response = inviteResponse(turn, exchange, progress);
  // RFC 3262 §3: what cannot be lost is settled.
  const reliable = speaks100rel(exchange.request);
  const version = turn.side('caller', tag)?.origin.version ?? 0;
  turn.updateTalk('caller', tag, { answer: { body, version }, asker: reliable ? 'settled' : 'open' });
  turn.updateSide('caller', tag, { dialog: dialogFromRequest(exchange.request, response) });
  if (reliable) {
    sendReliably(turn, exchange, tag, { response, carries: 'answer', upstream: null });
  } else {
    turn.emit({ type: 'respond', transaction: exchange.transaction, response });
    heardFirst(turn);
  }
  return true;
}

/**
 * The call is answered before anybody is dialled: its dialog is confirmed by the ACK (RFC 3261 §13.3.1.4), and whatever
 * becomes of the callee then, the caller is told by BYE.
 */
function answerFirst(turn: Turn, exchange: Exchange, announcing: Announcing, offer: Offer): boolean {
  const { request } = exchange;
  const answered = answerAlone(turn, 'caller', offer.description, { at: null, among: announcing.among });
  if (!answered.ok) return giveUp(turn);
  const { body, encodings: chosen } = answered.value;
  turn.update({ phase: 'telling', announcing: { ...announcing, chosen } });
  const tag = turn.call.tokens.callerTag;
  const accepted = inviteResponse(turn, exchange, { status: 200, phrase: 'OK', upstream: null, tag, body });
  const answer = { body, version: turn.call.caller.origin.version };
  turn.updateLeg('caller', {
    dialog: dialogFromRequest(request, accepted),
    talk: { ...newTalk(request), answer, asker: 'settled' },
  });
  turn.updateExchange({ stage: 'held', accepted });
  sendAccepted(turn);
  return true;
}

/** The caller has acknowledged it: its part of the exchange is over, and the callee's begins when it was told. */
export function answeredFirst(turn: Turn, exchange: Exchange): void {
  turn.update({ exchange: { ...exchange, stage: 'relayed', accepted: null } });
  heardFirst(turn);
}

function giveUp(turn: Turn): false {
  turn.update({ announcing: null });
  return false;
}

/** The caller knows where it hears us: at once, or with its PRACK or ACK. */
export function heardFirst(turn: Turn): void {
  if (turn.call.phase === 'telling') turn.emit({ type: 'early' });
}
