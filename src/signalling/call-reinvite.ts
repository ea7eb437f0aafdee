import type { Party } from '../records/call-record.ts';
import type { SessionDescription } from '../sdp/session-description.ts';
import { parseCSeq } from '../sip/cseq.ts';
import { noBody, type SipRequest, type SipResponse } from '../sip/message.ts';
import { answeredFirst } from './call-announce.ts';
import { acceptExchange } from './call-acceptance.ts';
import { faultForms, passAnswer, passOffer, revert } from './call-offer-answer.ts';
import { askResync } from './call-own.ts';
import { speaks100rel } from './call-provisional.ts';
import { answersRefresh } from './call-refresh.ts';
import { acknowledgeUnused, endCall, forgetExchange } from './call-release.ts';
import { passRefusal, respondRefusal } from './call-responses.ts';
import type { ArrivedRequest, Exchange, FailureCause } from './call-state.ts';
import { carryBody } from './carried-body.ts';
import { newTalk } from './dialog-side.ts';
import { later, offerCollision, pending, updateCollision } from './exchange-rules.ts';
import { learnAbilities } from './leg-abilities.ts';
import { acknowledge, refreshDialog, sendInDialog, sendQueuedBye } from './leg-requests.ts';
import type { Refusal } from './refusal.ts';
import { sessionBody } from './sdp-body.ts';
import { cancelWaitMs, updateMs } from './sip-timers.ts';
import { otherParty, type Turn } from './turn.ts';

/** An INVITE within a dialog (RFC 3261 §14): it goes on to the other leg, whose answer comes back. */
export function onReinvite(turn: Turn, party: Party, arrived: ArrivedRequest): void {
  const { transaction, request } = arrived;
  const refusal = collision(turn, party);
  if (refusal !== null) {
    respondRefusal(turn, transaction, request, refusal);
    return;
  }
  const described = sessionBody(request);
  if (!described.ok) respondRefusal(turn, transaction, request, faultForms[described.error].refusal);
  else if (!answersRefresh(turn, party, arrived, described.value)) {
    relayAsInvite(turn, party, arrived, described.value);
  }
}

/** Sends a re-INVITE to the other leg, for one that came or for an UPDATE that the other leg does not take. */
export function relayAsInvite(
  turn: Turn,
  party: Party,
  { transaction, request, maxForwards }: ArrivedRequest,
  description: SessionDescription | null,
): void {
  const passed = description === null ? null : passOffer(turn, party, description);
  if (passed !== null && !passed.ok) {
    respondRefusal(turn, transaction, request, faultForms[passed.error].refusal);
    return;
  }
  const before = { caller: turn.leg('caller'), callee: turn.leg('callee') };
  const client = sendInDialog(turn, otherParty(party), {
    method: 'INVITE',
    passed: request.headers,
    maxForwards,
    ...carryBody(request, passed?.value.body ?? noBody),
    // A reliable provisional would bring the offer that is missing to a party that could not answer it; and an UPDATE
    // can be told of none.
    without: request.method === 'INVITE' && (passed !== null || speaks100rel(request)) ? [] : ['100rel'],
  });
  turn.updateLeg(party, { talk: newTalk(request) });
  turn.update({
    exchange: {
      from: party,
      initial: false,
      transaction,
      request,
      client,
      stage: 'relayed',
      offer: passed?.value.offer ?? null,
      accepted: null,
      intervalMs: 0,
      cancelled: false,
      before,
    },
  });
  turn.setTimer('exchange', request.method === 'INVITE' ? turn.call.limits.ringMs : updateMs);
}

/** One INVITE at a time: who comes second is told when to try again, and the session stays as it was. */
function collision(turn: Turn, party: Party): Refusal | null {
  const { exchange, phase } = turn.call;
  if (exchange !== null) {
    // RFC 3261 §14.2: an INVITE while ours is out to the same party is glare.
    if (exchange.from !== party) return pending;
    // A new INVITE says that the last one's 2xx has arrived, unless its ACK is to bring an answer.
    const settled = exchange.stage === 'accepted' && !exchange.initial && exchange.offer?.by === party;
    if (!settled) return later(turn);
    forgetExchange(turn);
  }
  if (phase !== 'up') return later(turn);
  // RFC 6337 §5, UAS-UcI and UAS-UsI: an UPDATE under way, or any other offer.
  return updateCollision(turn, party, null) ?? offerCollision(turn, party, null);
}

/** A final response of the other leg to the INVITE of an exchange within the dialog. */
export function onReinviteResponse(turn: Turn, exchange: Exchange, response: SipResponse): void {
  const { status } = response;
  if (status < 300) {
    onReinviteAccepted(turn, exchange, response);
    return;
  }
  // RFC 3311 §5.2: 504 says that an UPDATE would have had to wait for a user.
  const waited = exchange.cancelled && exchange.request.method === 'UPDATE';
  if (waited) respondRefusal(turn, exchange.transaction, exchange.request, serverTimeout);
  else passRefusal(turn, exchange, response);
  revert(turn, exchange);
  forgetExchange(turn);
  // RFC 3261 §12.2.1.2: 481 and 408 say that the other side has lost the dialog.
  if (status === 481) endCall(turn, { reason: 'protocol-error' });
  if (status === 408) endCall(turn, { reason: 'upstream-timeout' });
}

const serverTimeout: Refusal = { status: 504, phrase: 'Server Time-out' };

function onReinviteAccepted(turn: Turn, exchange: Exchange, response: SipResponse): void {
  const { from, request } = exchange;
  const other = otherParty(from);
  refreshDialog(turn, other, response);
  learnAbilities(turn, other, response.headers, null);
  const done = acceptExchange(turn, exchange, response, turn.call.tokens.callerTag);
  if (done.ok) {
    refreshDialog(turn, from, request);
    if (request.method === 'UPDATE') forgetExchange(turn);
    return;
  }
  // The other side has changed its session to something that ours cannot follow.
  respondRefusal(turn, exchange.transaction, request, faultForms[done.error].refusal);
  forgetExchange(turn);
  const dialog = turn.dialog(other);
  if (dialog !== null) acknowledgeUnused(turn, other, dialog, response);
  endCall(turn, { reason: faultForms[done.error].reason });
}

/** The ACK of an INVITE whose 2xx this party got: the exchange is complete. */
export function onAck(turn: Turn, party: Party, request: SipRequest): void {
  const { exchange, phase } = turn.call;
  if (exchange?.from !== party || exchange.stage !== 'accepted') return;
  if (cseqOf(request) !== cseqOf(exchange.request)) return;
  forgetExchange(turn);
  if (turn.leg(party)?.state === 'accepted') turn.updateLeg(party, { state: 'confirmed' });
  sendQueuedBye(turn, party);
  if (phase === 'ending' || phase === 'over') return;
  if (exchange.offer?.by === otherParty(party) && !passLateAnswer(turn, exchange, request)) return;
  if (phase === 'telling') answeredFirst(turn, exchange, request);
  else if (exchange.initial) connected(turn, party);
  else askResync(turn, party);
}

/** Both sides have answered, and are acknowledged. */
export function connected(turn: Turn, asker: Party): void {
  turn.update({ phase: 'up' });
  turn.emit({ type: 'answered' });
  askResync(turn, asker);
}

/** The answer that an ACK brings goes on in ours (RFC 3261 §13.2.2.4). False: it is of no use, the call ends. */
function passLateAnswer(turn: Turn, exchange: Exchange, ack: SipRequest): boolean {
  const other = otherParty(exchange.from);
  const { offer } = exchange;
  const described = sessionBody(ack);
  const answer = described.ok ? described.value : null;
  const passed = offer === null || answer === null ? null : passAnswer(turn, offer, answer);
  const dialog = turn.dialog(other);
  if (passed?.ok !== true || dialog === null) {
    turn.update({ exchange });
    endCall(turn, { reason: 'protocol-error' });
    forgetExchange(turn);
    return false;
  }
  acknowledge(turn, other, dialog, passed.value);
  turn.updateLeg(other, { state: 'confirmed' });
  return true;
}

function cseqOf(request: SipRequest): number | null {
  return parseCSeq(request.headers.first('cseq') ?? '')?.number ?? null;
}

/** CANCEL of a re-INVITE goes on; what the other side makes of it decides, so that both sides agree. */
export function onReinviteCancelled(turn: Turn, exchange: Exchange, reason: string | null): void {
  if (exchange.stage !== 'relayed' || exchange.cancelled || exchange.client === null) return;
  turn.updateExchange({ cancelled: true });
  turn.emit({ type: 'cancel', client: exchange.client, reason });
  turn.setTimer('exchange', cancelWaitMs);
}

/** The other side takes longer than anybody waits: CANCEL, and then the call is given up. */
export function onExchangeExpired(turn: Turn): void {
  const { exchange } = turn.call;
  if (exchange === null) return;
  if (!exchange.cancelled) {
    onReinviteCancelled(turn, exchange, null);
    return;
  }
  onReinviteFailed(turn, exchange, 'timeout');
}

/** RFC 3261 §8.1.3.1: a timeout is a 408, which ends the dialog (§12.2.1.2); a broken transport is a 503. */
export function onReinviteFailed(turn: Turn, exchange: Exchange, cause: FailureCause): void {
  const refusal =
    cause === 'timeout'
      ? { status: 408, phrase: 'Request Timeout' }
      : { status: 500, phrase: 'Server Internal Error' };
  respondRefusal(turn, exchange.transaction, exchange.request, refusal);
  revert(turn, exchange);
  forgetExchange(turn);
  if (cause === 'timeout') endCall(turn, { reason: 'upstream-timeout' });
}
