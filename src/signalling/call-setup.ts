import type { EndReason } from '../records/call-record.ts';
import { narrowFormats } from '../sdp/narrow-formats.ts';
import type { SessionDescription } from '../sdp/session-description.ts';
import { confirmDialog, type Dialog, dialogFromRequest, dialogFromResponse } from '../sip/dialog.ts';
import { noBody, SipHeaders, type SipRequest, type SipResponse } from '../sip/message.ts';
import { withTag } from '../sip/name-addr.ts';
import { carryBody } from './carried-body.ts';
import { newLeg } from './call-leg.ts';
import { acceptExchange } from './call-acceptance.ts';
import { announceFirst } from './call-announce.ts';
import { endForks, forkOfAccepted, isAlone, meetCallee } from './call-forks.ts';
import { faultForms, mayWiden, passNeededOffer, passOffer } from './call-offer-answer.ts';
import { speaks100rel } from './call-provisional.ts';
import { askedUri, followRedirect, hasOtherPlace } from './call-redirect.ts';
import { connected } from './call-reinvite.ts';
import { passRefusal } from './call-responses.ts';
import { acknowledgeUnused, endCall, forgetExchange, strayAccept } from './call-release.ts';
import type { Attempt, CallState, Exchange, FailureCause, Fork, Leg, SentInvite } from './call-state.ts';
import { endForms, outcomeOfStatus, reasonOfStatus } from './end-reasons.ts';
import { appendSupported } from './extensions.ts';
import { passHeaders } from './header-map.ts';
import { heardFrom } from './dialog-hop.ts';
import { withHost, withoutTag } from './identity.ts';
import { learnAbilities } from './leg-abilities.ts';
import { farewell, farewellOfRefusal, sendBye } from './leg-requests.ts';
import { askSession } from './leg-session.ts';
import { allowedFrom } from './methods.ts';
import type { Admission } from './ports.ts';
import { retryAfter } from './refusal.ts';
import { admissionMs, unansweredMs } from './sip-timers.ts';
import type { Hop } from './transaction-layer.ts';
import type { Turn } from './turn.ts';

/** A call is born: the director decides. */
export function begin(turn: Turn): void {
  const { caller } = turn.call;
  turn.emit({ type: 'claim', party: 'caller', callId: caller.callId, tag: caller.localTag });
  turn.emit({ type: 'admit' });
  turn.setTimer('admission', admissionMs);
}

export function onAdmitted(turn: Turn, admission: Admission): void {
  turn.update({ awaiting: false });
  if (turn.call.phase !== 'admitting') {
    // Let in after it was given up: who let it in hears both ends of it.
    if (turn.call.phase === 'ending' && admission.kind === 'accept') turn.emit({ type: 'hung-up' });
    return;
  }
  if (admission.kind === 'refuse') {
    const { status, phrase, retryAfterSeconds, reason } = admission;
    const headers = retryAfterSeconds === null ? [] : [retryAfter(retryAfterSeconds)];
    endCall(turn, { reason, outcome: 'ours', refusal: { status, phrase, headers } });
    return;
  }
  turn.update({ phase: 'opening', awaiting: true });
  const { encodings, narrowing, tellFirst: among, tellBy: by = 'early', codes = [] } = admission;
  const announcing =
    among === undefined || turn.call.facts.emergency ? null : { among, by, chosen: null, offered: null };
  turn.update({ encodings, narrowing, announcing, codes });
  turn.emit({ type: 'open-media' });
}

/** `local` null: no pair of ports was free. */
export function onOpened(turn: Turn, local: CallState['local']): void {
  turn.update({ awaiting: false });
  if (turn.call.phase !== 'opening') return;
  turn.clearTimer('admission');
  if (local === null) {
    const refusal = { status: 503, phrase: 'Service Unavailable', headers: [retryAfter(5)] };
    endCall(turn, { reason: 'no-ports', refusal });
    return;
  }
  turn.update({ phase: 'dialling', local });
  // Who calls for help is kept waiting as long as somebody says that they wait.
  if (!turn.call.facts.emergency) turn.setTimer('unanswered', unansweredMs);
  if (!announceFirst(turn)) dial(turn);
}

/** The caller has heard what it was to hear first. */
export function onDial(turn: Turn): void {
  const { announcing, exchange, phase } = turn.call;
  if (phase !== 'telling' || exchange?.stage !== 'relayed') return;
  // What it answers to an offer of ours is what the callee is offered.
  if (exchange.offer === null && announcing !== null) return;
  turn.update({ phase: 'dialling' });
  dial(turn);
}

/** Sends the INVITE of the next try. */
function dial(turn: Turn): void {
  endForks(turn);
  const { attempts, exchange, tokens, tried, asked } = turn.call;
  const [attempt, ...rest] = attempts;
  if (attempt === undefined || exchange === null) {
    endCall(turn, { reason: 'no-route' });
    return;
  }
  const callId = tried === 0 ? tokens.calleeCallId : `${tokens.calleeCallId}-${tried}`;
  const callee = calleeLeg(attempt, callId, turn.call);
  turn.update({ callee, attempt, attempts: rest, tried: tried + 1 });
  turn.update({ asked: [...asked, askedUri(turn, attempt)] });
  turn.emit({ type: 'claim', party: 'callee', callId, tag: callee.localTag });
  let body = noBody;
  if (exchange.offer !== null) {
    const passed = passFirstOffer(turn, exchange.offer.description);
    if (!passed.ok) {
      const { refusal, reason } = faultForms[passed.error];
      turn.updateLeg('callee', { state: 'closed' });
      endCall(turn, { reason, refusal });
      return;
    }
    ({ body } = passed.value);
    turn.updateExchange({ offer: passed.value.offer });
  }
  const client = turn.nextClient();
  const request = dialRequest(turn, exchange.request, callee, { attempt, sdp: body });
  turn.updateLeg('callee', { invite: { client, request }, state: 'inviting' });
  turn.updateExchange({ client });
  meetCallee(turn);
  turn.setTimer('ring', turn.call.limits.ringMs);
  const { inviteTimeoutMs, target } = attempt;
  turn.emit({ type: 'send', client, request, hop: target.hop, inviteTimeoutMs });
}

/** What a 183 of ours has chosen is all that is offered, so that it stays what the caller was told. */
function passFirstOffer(turn: Turn, description: SessionDescription): ReturnType<typeof passNeededOffer> {
  const chosen = turn.call.announcing?.chosen ?? null;
  return chosen === null
    ? passNeededOffer(turn, 'caller', description)
    : passOffer(turn, 'caller', description, null, chosen);
}

function calleeLeg({ peer, target }: Attempt, callId: string, { tokens }: CallState): Leg {
  return newLeg({
    party: 'callee',
    peer,
    callId,
    localTag: tokens.calleeTag,
    hop: target.hop,
    session: tokens.calleeSession,
  });
}

/**
 * Without an offer a reliable provisional would bring one, which a caller without PRACK could not answer. And whoever is not
 * heard beside the caller's one early dialog would wait for a PRACK in vain.
 */
function takesReliable(turn: Turn, received: SipRequest, sdp: Uint8Array): boolean {
  return !isAlone(turn) && (sdp.length > 0 || speaks100rel(received));
}

function dialRequest(
  turn: Turn,
  received: SipRequest,
  { peer, callId, localTag }: Leg,
  { attempt, sdp }: { attempt: Attempt; sdp: Uint8Array },
): SipRequest {
  const { maxForwards } = turn.call;
  const headers = new SipHeaders();
  for (const one of attempt.routes) headers.append('Route', one);
  headers
    .append('Max-Forwards', String(maxForwards))
    .append('From', withTag(withHost(received.headers.first('from') ?? '', peer.host), localTag))
    .append('To', withHost(withoutTag(received.headers.first('to') ?? ''), peer.host))
    .append('Call-ID', callId)
    .append('CSeq', '1 INVITE')
    .append('Contact', peer.contact)
    .append('Allow', allowedFrom(peer));
  const carried = carryBody(received, sdp);
  appendSupported(headers, takesReliable(turn, received, sdp) ? [] : ['100rel'], received.headers);
  passHeaders(
    received.headers,
    headers,
    turn.passageTo('callee'),
    carried.bodyPasses ? 'passes' : 'replaced',
  );
  askSession(turn, 'callee', headers);
  const { body, bodyPasses, bodyType } = carried;
  if (!bodyPasses && body.length > 0) headers.append('Content-Type', bodyType);
  return { type: 'request', method: 'INVITE', uri: askedUri(turn, attempt), headers, body };
}

/** The first 2xx: its fork is the call, and the caller gets it. */
export function onAccepted(turn: Turn, exchange: Exchange, response: SipResponse, source: Hop): void {
  const callee = turn.leg('callee');
  if (callee === null || callee.invite === null) return;
  const dialog = dialogFromResponse(callee.invite.request, response);
  if (dialog === null) return;
  const fork = forkOfAccepted(turn, exchange, callee, response);
  if (fork.ended) {
    // The caller has hung up on this one, and waits for another.
    strayAccept(turn, callee, response);
    return;
  }
  turn.clearTimer('ring');
  turn.clearTimer('unanswered');
  win(turn, fork, dialog, response);
  learnAbilities(turn, 'callee', response.headers, null);
  turn.updateLeg('callee', { hop: heardFrom(callee.hop, source), state: 'accepted' });
  const done = acceptExchange(turn, exchange, response, fork.callerTag);
  if (!done.ok) {
    abandonAccepted(turn, response, faultForms[done.error].reason);
    return;
  }
  if (turn.call.caller.state === 'confirmed') {
    forgetExchange(turn);
    connected(turn, 'caller');
    return;
  }
  const accepted = turn.call.exchange?.accepted;
  turn.update({ phase: 'answered' });
  turn.emit({ type: 'accepted' });
  if (turn.dialog('caller') !== null || accepted === undefined || accepted === null) return;
  turn.updateLeg('caller', { dialog: dialogFromRequest(exchange.request, accepted) });
}

/** The early dialogs of the fork that answers become those of the legs; the others are over (RFC 3261 §13.2.2.4). */
function win(turn: Turn, fork: Fork, made: Dialog, response: SipResponse): void {
  const { caller, callee } = fork;
  const confirmed = callee.dialog === null ? made : confirmDialog(callee.dialog, response);
  turn.updateLeg('callee', { ...callee, dialog: confirmed });
  if (turn.isAnswered) turn.updateLeg('caller', { talk: caller.talk });
  else
    turn.updateLeg('caller', {
      ...caller,
      dialog: caller.dialog === null ? null : confirmDialog(caller.dialog, response),
    });
  for (const { callerTag } of turn.call.forks) {
    if (callerTag !== fork.callerTag) turn.clearTimer(`prack ${callerTag}`);
  }
  turn.update({ forks: turn.call.forks.filter(({ callerTag }) => callerTag !== fork.callerTag) });
}

/** The callee took the call with SDP that is of no use: ACK, BYE, and the caller is refused. */
function abandonAccepted(turn: Turn, response: SipResponse, reason: EndReason): void {
  const dialog = turn.dialog('callee');
  if (dialog === null) return;
  acknowledgeUnused(turn, 'callee', dialog, response);
  sendBye(turn, 'callee', dialog, 'callee', farewell('SIP;cause=488;text="Not Acceptable Here"'));
  endCall(turn, { reason, outcome: 'upstream' });
}

/** 3xx to 6xx. 503 means this hop, so the next one is tried while nothing has rung (RFC 3263 §4.3). */
export function onRefused(
  turn: Turn,
  exchange: Exchange,
  response: SipResponse,
  redirects: readonly Attempt[],
): void {
  turn.updateLeg('callee', { state: 'closed' });
  const { status } = response;
  const again = followRedirect(turn, redirects) || hasOtherPlace(turn, status);
  if (again || (status === 503 && mayFailOver(turn))) {
    dial(turn);
    return;
  }
  const { attempt, attempts } = turn.call;
  if (attempt !== null && widens(turn, exchange, response.status)) {
    turn.update({ attempts: [attempt, ...attempts] });
    dial(turn);
    return;
  }
  const ending = { reason: reasonOfStatus(status), outcome: outcomeOfStatus(status) };
  if (turn.isAnswered) {
    endCall(turn, { ...ending, passed: farewellOfRefusal(response, endForms[ending.reason].reason) });
    return;
  }
  turn.updateLeg('caller', { state: 'closed' });
  passRefusal(turn, exchange, response);
  forgetExchange(turn);
  endCall(turn, ending);
}

/**
 * The media were refused (RFC 3261 §21.4.13, §21.4.26, §21.6.4), and what was left out of the offer may be what
 * the callee speaks: the same target is asked once more, with more of it. First with all that we speak, if the caller was
 * told of one alone; its re-INVITE comes after the answer (`askResync`).
 */
function widens(turn: Turn, { offer }: Exchange, status: number): boolean {
  const { phase, encodings, announcing } = turn.call;
  const refusesMedia = status === 415 || status === 488 || status === 606;
  const media = offer?.description.media[offer.line];
  if (!refusesMedia || phase !== 'dialling' || media === undefined) return false;
  const whole = narrowFormats(media, encodings);
  if (announcing !== null && announcing.chosen !== null) {
    turn.update({ announcing: { ...announcing, chosen: null } });
    if (narrowFormats(media, announcing.chosen)?.formats.length !== whole?.formats.length) return true;
  }
  if (!mayWiden(turn) || whole === media) return false;
  turn.update({ encodings: null });
  return true;
}

/** RFC 3261 §8.1.3.1: a timeout counts as 408, a broken transport as 503. */
export function onUnreachable(turn: Turn, cause: FailureCause): void {
  turn.updateLeg('callee', { state: 'closed' });
  if (mayFailOver(turn)) dial(turn);
  else endCall(turn, { reason: unreachableReasons[cause] });
}

const unreachableReasons: Readonly<Record<FailureCause, EndReason>> = {
  timeout: 'upstream-timeout',
  transport: 'upstream-error',
  limit: 'overload',
};

function mayFailOver({ call }: Turn): boolean {
  return call.phase === 'dialling' && !call.rang && call.attempts.length > 0;
}

/** The caller gives up (RFC 3261 §9.2): 487 at once, and CANCEL to the callee. */
export function onCancelled(turn: Turn, reason: string | null): void {
  if (turn.call.caller.state !== 'inviting') return;
  endCall(turn, { reason: 'cancelled', cancelReason: reason });
}

/** A final response of an INVITE that the call no longer waits for. */
export function onLateResponse(turn: Turn, leg: Leg, invite: SentInvite, response: SipResponse): void {
  if (response.status < 200) return;
  if (response.status < 300) strayAccept(turn, leg, response, invite);
  else if (leg.state === 'cancelling') closeCancelled(turn);
}

export function closeCancelled(turn: Turn): void {
  turn.clearTimer('cancel-wait');
  turn.updateLeg('callee', { state: 'closed' });
}
