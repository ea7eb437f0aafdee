import type { Party } from '../records/call-record.ts';
import { encodingName, isSpeech } from '../sdp/payload-formats.ts';
import type { SessionDescription } from '../sdp/session-description.ts';
import { noBody, type SipResponse } from '../sip/message.ts';
import { describe, passOffer, takeAnswer } from './call-offer-answer.ts';
import { endCall, forgetOwn } from './call-release.ts';
import type { FailureCause, Leg, OwnAsk } from './call-state.ts';
import { acknowledge, refreshDialog, sendInDialog } from './leg-requests.ts';
import { learnAbilities } from './leg-abilities.ts';
import { sessionBody } from './sdp-body.ts';
import { cancelWaitMs } from './sip-timers.ts';
import { otherParty, type Turn } from './turn.ts';

const parties = ['caller', 'callee'] as const;

/** 491s in a row that one request of ours takes. */
const maxRefusals = 8;

/**
 * Asks for a request of our own in a party's dialog. It goes out as soon as nothing else is under way, and again
 * after a 491 (RFC 3261 §14.1). False: the leg has one already.
 */
export function askOwn(turn: Turn, party: Party, ask: OwnAsk): boolean {
  if (turn.leg(party)?.own !== null) return false;
  turn.updateLeg(party, {
    own: { stage: 'waiting', client: null, offer: null, refusals: 0, cancelled: false, ...ask },
  });
  return true;
}

/**
 * An exchange of this party is complete. If the encodings that it was told differ from what the other party has
 * described in the end (RFC 3264 §8: "either agent MAY generate a new offer"), it is told.
 */
export function askResync(turn: Turn, party: Party): void {
  const [told, agreed] = [party, otherParty(party)].map((one) => encodingsOf(turn, one));
  if (told !== agreed) askOwn(turn, party, { purpose: 'resync', method: 'INVITE', headers: [] });
}

function encodingsOf(turn: Turn, party: Party): string {
  const formats = turn.leg(party)?.media?.formats ?? [];
  return [...new Set(formats.filter(isSpeech).map(encodingName))].sort().join(' ');
}

/** Whether a request of our own waits for its answer, on either leg. */
export function ownIsOut({ call }: Turn): boolean {
  return parties.some((party) => call[party]?.own?.stage === 'sent');
}

/** The leg whose own request this client transaction is. */
export function legOfOwn({ call }: Turn, client: string): Leg | null {
  return [call.caller, call.callee].find((leg) => leg?.own?.client === client) ?? null;
}

/** At the end of each step: what waits for a free leg goes out. */
export function sendOwnRequests(turn: Turn): void {
  for (const party of parties) {
    if (turn.leg(party)?.own?.stage === 'waiting' && (isFree(turn) || mayRefresh(turn, party))) {
      send(turn, party);
    }
  }
}

/** RFC 4028 §7.4: an UPDATE without an offer meets nobody's, also while a caller that is answered waits for the callee. */
function mayRefresh({ call }: Turn, party: Party): boolean {
  const { own, state } = call[party] ?? {};
  const waits = call.phase === 'telling' || call.phase === 'dialling';
  return waits && state === 'confirmed' && own?.method === 'UPDATE';
}

function isFree({ call }: Turn): boolean {
  return (
    call.phase === 'up' &&
    call.exchange === null &&
    ![...call.relays.values()].some(({ offer }) => offer !== null)
  );
}

function send(turn: Turn, party: Party): void {
  const leg = turn.leg(party);
  if (leg === null || leg.own === null) return;
  const { method, headers } = leg.own;
  const offer = offerOf(turn, party, leg.own);
  const client = sendInDialog(turn, party, {
    method,
    passed: null,
    bodyPasses: false,
    maxForwards: null,
    extra: headers,
    body: offer === null ? noBody : describe(turn, party, offer),
    // Nobody is here whom a provisional would tell anything.
    without: ['100rel'],
  });
  turn.updateLeg(party, { own: { ...leg.own, stage: 'sent', client, offer } });
  // Timer F bounds what is no INVITE.
  if (method === 'INVITE') turn.setTimer(`own-${party}`, turn.call.limits.ringMs);
}

function offerOf(turn: Turn, party: Party, { method, purpose }: OwnAsk): SessionDescription | null {
  if (method === 'UPDATE') return null;
  const theirs = turn.leg(otherParty(party))?.described ?? null;
  if (purpose === 'resync' && theirs !== null) {
    const passed = passOffer(turn, otherParty(party), theirs);
    if (passed.ok) return passed.value.offer.relayed;
  }
  return turn.leg(party)?.said ?? null;
}

export function onOwnResponse(turn: Turn, leg: Leg, response: SipResponse): void {
  const { own, party } = leg;
  const { status } = response;
  if (own === null || status < 200) return;
  learnAbilities(turn, party, response.headers, null);
  if (status === 491 && own.refusals < maxRefusals) {
    turn.updateLeg(party, {
      own: { ...own, stage: 'backing-off', client: null, refusals: own.refusals + 1 },
    });
    turn.setTimer(`own-${party}`, backOff(turn, leg));
    return;
  }
  forgetOwn(turn, party);
  if (status < 300) accept(turn, leg, response);
  // RFC 3261 §12.2.1.2, RFC 4028 §10: 481 and 408 say that the other side has lost the dialog.
  const expired = own.purpose === 'refresh';
  if (status === 481) endCall(turn, { reason: expired ? 'session-expired' : 'protocol-error' });
  if (status === 408) endCall(turn, { reason: expired ? 'session-expired' : 'upstream-timeout' });
}

function accept(turn: Turn, { party, own }: Leg, response: SipResponse): void {
  refreshDialog(turn, party, response, null);
  const dialog = turn.dialog(party);
  if (own?.method === 'INVITE' && dialog !== null) acknowledge(turn, party, dialog, noBody);
  const answer = sessionBody(response);
  if (own?.offer !== null && own?.offer !== undefined && answer.ok && answer.value !== null) {
    takeAnswer(turn, party, { at: null, offer: own.offer, answer: answer.value, encodings: null });
  }
}

/**
 * RFC 3261 §14.1: who made the Call-ID waits 2.1 to 4 s, the other 0 to 2 s, in units of 10 ms; so they do not
 * meet again.
 */
function backOff({ call }: Turn, { dialog }: Leg): number {
  const { backOffMs } = call.tokens;
  return dialog?.role === 'uac' ? Math.min(2100 + backOffMs, 4000) : backOffMs;
}

/** RFC 3261 §8.1.3.1: a timeout is a 408, which ends the dialog (§12.2.1.2). */
export function onOwnFailed(turn: Turn, { party, own }: Leg, cause: FailureCause): void {
  forgetOwn(turn, party);
  if (cause !== 'timeout') return;
  endCall(turn, { reason: own?.purpose === 'refresh' ? 'session-expired' : 'upstream-timeout' });
}

/** The back-off is over; or the party has taken longer than anybody waits: CANCEL, and then the call is given up. */
export function onOwnTimer(turn: Turn, party: Party): void {
  const own = turn.leg(party)?.own;
  if (own === undefined || own === null) return;
  if (own.stage === 'backing-off') {
    turn.updateLeg(party, { own: { ...own, stage: 'waiting' } });
  } else if (own.cancelled || own.client === null) {
    forgetOwn(turn, party);
    endCall(turn, { reason: 'upstream-timeout' });
  } else {
    turn.updateLeg(party, { own: { ...own, cancelled: true } });
    turn.emit({ type: 'cancel', client: own.client, reason: null });
    turn.setTimer(`own-${party}`, cancelWaitMs);
  }
}
