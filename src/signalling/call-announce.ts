import { dialogFromRequest } from '../sip/dialog.ts';
import { addFirstFork } from './call-forks.ts';
import { answerAlone } from './call-offer-answer.ts';
import { speaks100rel } from './call-provisional.ts';
import { inviteResponse } from './call-responses.ts';
import { sendReliably } from './provisional-queue.ts';
import type { Turn } from './turn.ts';

/**
 * Lets the caller hear us before anybody is dialled: a 183 of ours answers its offer (RFC 3261 §13.2.1, RFC 3960 §3).
 * False: it has made no offer, or none in which it would hear us, and the callee is dialled at once.
 */
export function announceFirst(turn: Turn): boolean {
  const { announcing, exchange, forks } = turn.call;
  if (announcing === null) return false;
  const offer = exchange?.offer ?? null;
  if (exchange === null || offer === null) return giveUp(turn);
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

function giveUp(turn: Turn): false {
  turn.update({ announcing: null });
  return false;
}

/** The caller knows where it hears us: at once, or with its PRACK. */
export function heardFirst(turn: Turn): void {
  if (turn.call.phase === 'telling') turn.emit({ type: 'early' });
}
