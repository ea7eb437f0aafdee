import { dialogFromRequest } from '../sip/dialog.ts';
import type { SipRequest } from '../sip/message.ts';
import { sendAccepted } from './call-acceptance.ts';
import { addFirstFork } from './call-forks.ts';
import { answerAlone } from './call-offer-answer.ts';
import { offerAlone, takeFirstAnswer } from './call-own-offer.ts';
import { speaks100rel } from './call-provisional.ts';
import { endCall } from './call-release.ts';
import { inviteResponse } from './call-responses.ts';
import { sendReliably } from './provisional-queue.ts';
import type { Announcing, Exchange } from './call-state.ts';
import { newTalk, type Talk } from './dialog-side.ts';
import { permitEarlyMedia } from './early-media-permit.ts';
import { sessionBody } from './sdp-body.ts';
import type { Turn } from './turn.ts';

/**
 * Lets the caller hear us before anybody is dialled: a 183 or 200 of ours answers its offer, or makes one (RFC 3261
 * §13.2.1, RFC 3262 §5, RFC 3960 §3). False: it would not hear us, and the callee is dialled at once.
 */
export function announceFirst(turn: Turn): boolean {
  const { announcing, exchange } = turn.call;
  if (announcing === null || exchange === null) return giveUp(turn);
  return announcing.by === 'answer'
    ? answerFirst(turn, exchange, announcing)
    : tellEarly(turn, exchange, announcing);
}

function tellEarly(turn: Turn, exchange: Exchange, announcing: Announcing): boolean {
  const reliable = speaks100rel(exchange.request);
  // RFC 3262 §5: an offer goes in a reliable provisional, whose PRACK has the answer.
  if (exchange.offer === null && !reliable) return giveUp(turn);
  const { forks } = turn.call;
  const { callerTag: tag } = addFirstFork(turn, exchange);
  const said = sayFirst(turn, exchange, announcing, tag);
  if (said === null) {
    turn.update({ forks });
    return giveUp(turn);
  }
  const { body, carries } = said;
  const progress = { status: 183, phrase: 'Session Progress', upstream: null, tag, body };
  const response = inviteResponse(turn, exchange, progress);
  permitEarlyMedia(turn, exchange.request, response);
  turn.updateTalk('caller', tag, firstTalk(turn, said, { at: tag, reliable }));
  turn.updateSide('caller', tag, { dialog: dialogFromRequest(exchange.request, response) });
  if (reliable) {
    sendReliably(turn, exchange, tag, { response, carries, upstream: null });
  } else {
    turn.emit({ type: 'respond', transaction: exchange.transaction, response });
    heardFirst(turn, tag);
  }
  return true;
}

interface FirstWord {
  readonly body: Uint8Array;
  readonly carries: 'offer' | 'answer';
}

/** Our description to the caller, which is being told from here on. Null: it would not hear us. */
function sayFirst(
  turn: Turn,
  { offer }: Exchange,
  announcing: Announcing,
  at: string | null,
): FirstWord | null {
  const { among } = announcing;
  if (offer === null) {
    const made = offerAlone(turn, 'caller', { at, among });
    if (made === null) return null;
    turn.update({ phase: 'telling', announcing: { ...announcing, offered: made.offered } });
    return { body: made.body, carries: 'offer' };
  }
  const answered = answerAlone(turn, 'caller', offer.description, { at, among });
  if (!answered.ok) return null;
  const { body, encodings: chosen } = answered.value;
  turn.update({ phase: 'telling', announcing: { ...announcing, chosen } });
  return { body, carries: 'answer' };
}

/** RFC 3262 §3: an answer that cannot be lost is settled; an offer waits for its own. */
function firstTalk(
  turn: Turn,
  { body, carries }: FirstWord,
  { at, reliable }: { readonly at: string | null; readonly reliable: boolean },
): Pick<Talk, 'answer' | 'asker'> {
  if (carries === 'offer') return { answer: null, asker: 'open' };
  const version = turn.side('caller', at)?.origin.version ?? 0;
  return { answer: { body, version }, asker: reliable ? 'settled' : 'open' };
}

/**
 * The call is answered before anybody is dialled: its dialog is confirmed by the ACK (RFC 3261 §13.3.1.4), and whatever
 * becomes of the callee then, the caller is told by BYE.
 */
function answerFirst(turn: Turn, exchange: Exchange, announcing: Announcing): boolean {
  const { request } = exchange;
  const said = sayFirst(turn, exchange, announcing, null);
  if (said === null) return giveUp(turn);
  const tag = turn.call.tokens.callerTag;
  const ok = { status: 200, phrase: 'OK', upstream: null, tag, body: said.body };
  const accepted = inviteResponse(turn, exchange, ok);
  turn.updateLeg('caller', {
    dialog: dialogFromRequest(request, accepted),
    talk: { ...newTalk(request), ...firstTalk(turn, said, { at: null, reliable: true }) },
  });
  turn.updateExchange({ stage: 'held', accepted });
  sendAccepted(turn);
  return true;
}

/** The caller has acknowledged it: its part of the exchange is over, and the callee's begins when it was told. */
export function answeredFirst(turn: Turn, exchange: Exchange, ack: SipRequest): void {
  turn.update({ exchange: { ...exchange, stage: 'relayed', accepted: null } });
  if (exchange.offer === null) {
    const described = sessionBody(ack);
    const reason = takeFirstAnswer(turn, null, described.ok ? described.value : null);
    if (reason !== null) {
      endCall(turn, { reason, outcome: 'caller' });
      return;
    }
  }
  heardFirst(turn, null);
}

function giveUp(turn: Turn): false {
  turn.update({ announcing: null });
  return false;
}

/** The caller knows where it hears us: at once, or with its PRACK or ACK. */
export function heardFirst(turn: Turn, at: string | null): void {
  if (turn.call.phase !== 'telling') return;
  // Who has answered on hold hears nothing of us, and is told later.
  turn.emit({ type: turn.side('caller', at)?.media?.receives === true ? 'early' : 'unheard' });
}
