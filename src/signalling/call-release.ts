import type { EndReason, Outcome, Party } from '../records/call-record.ts';
import { rejectOffer } from '../sdp/relay-description.ts';
import { describeSession } from '../sdp/origin.ts';
import { confirmDialog, type Dialog, dialogFromResponse } from '../sip/dialog.ts';
import { noBody, type SipRequest, type SipResponse } from '../sip/message.ts';
import { respondRefusal } from './call-responses.ts';
import type { Farewell, Leg, SentInvite } from './call-state.ts';
import { endForms } from './end-reasons.ts';
import { refuseHeld } from './held-infos.ts';
import { ackKey, acknowledge, farewell, sendBye } from './leg-requests.ts';
import { stopSession } from './leg-session.ts';
import type { EndedLeg } from './ports.ts';
import { stopProvisionals } from './provisional-queue.ts';
import type { Refusal } from './refusal.ts';
import { sessionBody } from './sdp-body.ts';
import { cancelWaitMs, releaseMs } from './sip-timers.ts';
import { otherParty, type Turn } from './turn.ts';

export interface Ending {
  readonly reason: EndReason;
  /** Where it is not what the reason stands for. */
  readonly outcome?: Outcome;
  /** What the caller's unanswered INVITE gets, where it is not what the reason stands for. */
  readonly refusal?: Refusal;
  /** What the BYE that a party sent says to the other. */
  readonly passed?: Farewell;
  /** Reason of a CANCEL that passes. */
  readonly cancelReason?: string | null;
}

/** Ends the call: whatever is still up is taken down as its state asks. The first reason stays. */
export function endCall(turn: Turn, ending: Ending): void {
  const form = endForms[ending.reason];
  if (turn.call.phase === 'over') return;
  if (turn.call.end === null) {
    turn.update({ end: { outcome: ending.outcome ?? form.outcome, reason: ending.reason } });
  }
  if (turn.call.phase !== 'ending') {
    // A call that nobody has let in yet has nothing to stop.
    if (turn.call.phase !== 'admitting') turn.emit({ type: 'hung-up' });
    turn.update({ phase: 'ending' });
    turn.setTimer('release', releaseMs);
    for (const name of ['admission', 'ring', 'unanswered', 'exchange'] as const) turn.clearTimer(name);
    for (const party of ['caller', 'callee'] as const) {
      forgetOwn(turn, party);
      refuseHeld(turn, party);
      stopSession(turn, party);
    }
  }
  settleExchange(turn);
  releaseCaller(turn, ending);
  releaseCallee(turn, ending);
}

/** What a call's end means for an INVITE in the middle of its exchange. */
function settleExchange(turn: Turn): void {
  const { exchange, local } = turn.call;
  if (exchange === null) return;
  const { from, initial, stage, offer, transaction, request } = exchange;
  const other = otherParty(from);
  if (stage === 'accepted' && offer?.by === other && local !== null) {
    // The 2xx with the offer still needs its ACK, and an offer needs an answer (RFC 3261 §13.2.2.4).
    declineOffer(turn, other, offer.description);
    turn.updateExchange({ offer: null });
    if (turn.leg(other)?.state === 'accepted') turn.updateLeg(other, { state: 'confirmed' });
  }
  if (initial) return;
  // RFC 3261 §15.1.2: "The UAS MUST still respond to any pending requests received for that dialog", 487.
  if (stage !== 'accepted') respondRefusal(turn, transaction, request, endForms.answered.refusal);
  forgetExchange(turn);
}

export function forgetExchange(turn: Turn): void {
  stopProvisionals(turn);
  turn.update({ exchange: null });
  for (const name of ['retransmit', 'ack-wait', 'exchange'] as const) turn.clearTimer(name);
}

/** Waits for a request of our own no longer; a 2xx that still comes gets its ACK. */
export function forgetOwn(turn: Turn, party: Party): void {
  turn.updateLeg(party, { own: null });
  turn.clearTimer(`own-${party}`);
}

function declineOffer(turn: Turn, party: Party, offer: Parameters<typeof rejectOffer>[0]): void {
  const leg = turn.leg(party);
  if (leg === null || leg.dialog === null || turn.call.local === null) return;
  const local = turn.call.local[party];
  const { body, origin } = describeSession(leg.origin, local.address, rejectOffer(offer, local));
  turn.updateLeg(party, { origin });
  acknowledge(turn, party, leg.dialog, body);
}

function farewellFor(ending: Ending): Farewell {
  return ending.passed ?? farewell(endForms[ending.reason].reason);
}

function releaseCaller(turn: Turn, ending: Ending): void {
  const { caller, exchange } = turn.call;
  switch (caller.state) {
    case 'inviting':
      if (exchange !== null) {
        const refusal = ending.refusal ?? endForms[ending.reason].refusal;
        respondRefusal(turn, exchange.transaction, exchange.request, refusal);
      }
      turn.updateLeg('caller', { state: 'closed' });
      forgetExchange(turn);
      return;
    case 'accepted':
      // RFC 3261 §15: the callee's side "MUST NOT send a BYE on a confirmed dialog until it has received an
      // ACK for its 2xx response or until the server transaction times out".
      turn.updateLeg('caller', { queuedBye: caller.queuedBye ?? farewellFor(ending) });
      return;
    case 'confirmed':
      if (caller.dialog !== null) sendBye(turn, 'caller', caller.dialog, 'caller', farewellFor(ending));
      // Answered before anybody was dialled: nobody waits for the callee's answer any more.
      if (exchange?.initial === true) forgetExchange(turn);
      return;
    case 'idle':
    case 'cancelling':
    case 'closing':
    case 'closed':
      return;
  }
}

function releaseCallee(turn: Turn, ending: Ending): void {
  const { callee } = turn.call;
  switch (callee?.state) {
    case 'inviting':
      turn.updateLeg('callee', { state: 'cancelling' });
      turn.setTimer('cancel-wait', cancelWaitMs);
      if (callee.invite !== null) {
        const reason = ending.cancelReason ?? endForms[ending.reason].reason;
        turn.emit({ type: 'cancel', client: callee.invite.client, reason });
      }
      return;
    case 'accepted':
    case 'confirmed':
      if (callee.dialog !== null) sendBye(turn, 'callee', callee.dialog, 'callee', farewellFor(ending));
      return;
    case 'idle':
      turn.updateLeg('callee', { state: 'closed' });
      return;
    case undefined:
    case 'cancelling':
    case 'closing':
    case 'closed':
      return;
  }
}

/**
 * A 2xx to an INVITE of ours that no exchange waits for: repeated (its ACK again), of another fork, or crossing
 * our CANCEL (ACK, then BYE: RFC 3261 §13.2.2.4, §9.1).
 */
export function strayAccept(
  turn: Turn,
  leg: Leg,
  response: SipResponse,
  invite: SentInvite | null = leg.invite,
): void {
  if (invite === null) return;
  const { client, request } = invite;
  const made = dialogOfAccept(turn, request, response);
  if (made === null) return;
  const known = leg.acks.get(ackKey(client, made.remoteTag));
  if (known !== undefined) {
    turn.emit({ type: 'ack', ...known });
    return;
  }
  const own = leg.dialog?.remoteTag === made.remoteTag ? leg.dialog : null;
  // Its ACK has to wait for the answer that the other party's ACK brings.
  if (own !== null && turn.call.exchange?.client === client) return;
  acknowledgeUnused(turn, leg.party, own ?? made, response, invite);
  if (own !== null) return;
  const crossed = leg.state === 'cancelling';
  if (crossed) turn.clearTimer('cancel-wait');
  const reason = crossed && turn.call.end !== null ? endForms[turn.call.end.reason].reason : null;
  sendBye(turn, leg.party, made, crossed ? leg.party : null, farewell(reason));
}

/** Its early dialog has counted what we sent in it, which the 2xx alone does not know. */
function dialogOfAccept({ call }: Turn, request: SipRequest, response: SipResponse): Dialog | null {
  const made = dialogFromResponse(request, response);
  const early = call.forks.find(({ callee }) => callee.dialog?.remoteTag === made?.remoteTag)?.callee.dialog;
  return made === null || early?.callId !== made.callId ? made : confirmDialog(early, response);
}

/** The ACK to a 2xx that is of no use; the offer in it, if none was made before, is declined. */
export function acknowledgeUnused(
  turn: Turn,
  party: Party,
  dialog: Dialog,
  response: SipResponse,
  invite: SentInvite | null = turn.leg(party)?.invite ?? null,
): void {
  const at = turn.call.forks.find(({ callee }) => callee.dialog?.remoteTag === dialog.remoteTag)?.callerTag;
  const side = turn.side(party, at ?? null);
  const isKnown = at !== undefined || side?.dialog?.remoteTag === dialog.remoteTag;
  const talk = isKnown ? (turn.side(otherParty(party), at ?? null)?.talk ?? null) : null;
  const offer = sessionBody(response);
  const late = invite !== null && hasNoOffer(invite.request) && (talk === null || talk.offer === null);
  if (side === null || !late || !offer.ok || offer.value === null || turn.call.local === null) {
    acknowledge(turn, party, dialog, noBody, invite);
    return;
  }
  const local = turn.call.local[party];
  const { body } = describeSession(side.origin, local.address, rejectOffer(offer.value, local));
  acknowledge(turn, party, dialog, body, invite);
}

function hasNoOffer(invite: SipRequest): boolean {
  const described = sessionBody(invite);
  return described.ok && described.value === null;
}

/** Says that the call is over once nothing of it is up and nobody owes an answer. */
export function finishIfReleased(turn: Turn): void {
  const { phase, caller, callee, awaiting, end } = turn.call;
  if (phase !== 'ending' || awaiting || end === null) return;
  if (caller.state !== 'closed' || (callee !== null && callee.state !== 'closed')) return;
  turn.update({ phase: 'over', exchange: null });
  for (const name of ['retransmit', 'ack-wait', 'exchange', 'cancel-wait', 'release'] as const) {
    turn.clearTimer(name);
  }
  const legs = [caller, callee].flatMap((leg) => (leg === null ? [] : [endedLeg(leg)]));
  turn.emit({ type: 'ended', end: { legs, ...end } });
}

function endedLeg({ party, peer, callId }: Leg): EndedLeg {
  return { party, peerId: peer.id, sipCallId: callId };
}
