import type { Party } from '../records/call-record.ts';
import { type Dialog, receiveInDialog } from '../sip/dialog.ts';
import type { SipRequest } from '../sip/message.ts';
import { tagOf } from '../sip/name-addr.ts';
import { makeResponse } from '../sip/response.ts';
import { relayNotify, relayRefer } from './call-refer.ts';
import { takesKey } from './call-keys.ts';
import { relay } from './call-relay.ts';
import { onReinvite } from './call-reinvite.ts';
import { endCall, forgetExchange } from './call-release.ts';
import { respondRefusal } from './call-responses.ts';
import type { CallEvent, Leg } from './call-state.ts';
import { onPrack } from './call-prack.ts';
import { onUpdate } from './call-update.ts';
import { endFork } from './call-forks.ts';
import { heardFrom } from './dialog-hop.ts';
import { later } from './exchange-rules.ts';
import { unsupportedExtensions } from './extensions.ts';
import { learnAbilities } from './leg-abilities.ts';
import { farewellOf, sendBye } from './leg-requests.ts';
import { shortInterval } from './leg-session.ts';
import { allowedFrom, knownMethods, relayedMethods } from './methods.ts';
import { heedsRecordHeader, takesRecordInfo } from './record-header.ts';
import { answerOptions, countDown, noSuchCall, refusedMethod, type Refusal, tooManyHops } from './refusal.ts';
import type { Turn } from './turn.ts';

export type RequestEvent = Extract<CallEvent, { type: 'request' }>;

/** A request within one of our dialogs (RFC 3261 §12.2.2). */
export function onRequest(turn: Turn, event: RequestEvent): void {
  const { party, transaction, request, source } = event;
  const leg = turn.leg(party);
  const found = leg === null ? noSuchCall : dialogOf(turn, leg, request);
  const refusal = 'status' in found ? found : outOfTurn(turn, party, found, request);
  if (leg === null || 'status' in found || refusal !== null) {
    respondRefusal(turn, transaction, request, refusal ?? noSuchCall);
    return;
  }
  const { at } = found;
  // A stream peer may have come back on another connection.
  turn.updateLeg(party, { hop: heardFrom(leg.hop, source) });
  learnAbilities(turn, party, request.headers, at);
  if (request.method === 'BYE') onBye(turn, leg, at, event);
  else serve(turn, leg, at, event);
}

interface FoundDialog {
  readonly dialog: Dialog;
  /** The fork that it is of; null: the confirmed one. */
  readonly at: string | null;
}

/** The dialog that a request belongs to, by both tags (RFC 3261 §12); while the callee's side rings, any fork's. */
function dialogOf(turn: Turn, leg: Leg, { method, headers }: SipRequest): FoundDialog | Refusal {
  const { dialog, state, party } = leg;
  if (state === 'closed' || (state === 'closing' && method !== 'BYE')) return noSuchCall;
  const theirs = tagOf(headers.first('from') ?? '') ?? '';
  const ours = tagOf(headers.first('to') ?? '');
  const isIt = (one: Dialog | null): one is Dialog => one?.remoteTag === theirs && one.localTag === ours;
  if (isIt(dialog)) return { dialog, at: null };
  if (turn.call.phase !== 'telling' && turn.call.phase !== 'dialling') return noSuchCall;
  const fork = turn.call.forks.find((one) => !one.ended && isIt(one[party].dialog));
  const early = fork?.[party].dialog ?? null;
  if (fork !== undefined && early !== null) return { dialog: early, at: fork.callerTag };
  // A request may overtake the response that makes its dialog.
  return state === 'inviting' ? later(turn) : noSuchCall;
}

/** RFC 3261 §12.2.2: out of order is 500. */
function outOfTurn(
  turn: Turn,
  party: Party,
  { dialog, at }: FoundDialog,
  request: SipRequest,
): Refusal | null {
  const received = receiveInDialog(dialog, request);
  if (!received.ok) return { status: 500, phrase: 'Out Of Order' };
  turn.updateSide(party, at, { dialog: received.value });
  return unsupportedExtensions(request) ?? tooShort(turn, request);
}

/** An emergency call is never refused: its session lives as short as its sender wants. */
function tooShort({ call }: Turn, request: SipRequest): Refusal | null {
  return call.facts.emergency ? null : shortInterval(request, call.limits.session);
}

/** A party hangs up: 200 to it, BYE to the other with what its BYE said (RFC 3261 §15.1.2). */
function onBye(
  turn: Turn,
  { party, state }: Leg,
  at: string | null,
  { transaction, request }: RequestEvent,
): void {
  // RFC 3261 §15: "the callee's UA MUST NOT send a BYE on an early dialog".
  if (at !== null && party === 'callee') {
    respondRefusal(turn, transaction, request, later(turn));
    return;
  }
  turn.emit({ type: 'respond', transaction, response: makeResponse(request, 200, 'OK', null) });
  if (state === 'closing') return;
  if (state === 'inviting') {
    byeEarly(turn, at, request);
    return;
  }
  const { exchange } = turn.call;
  turn.updateLeg(party, { state: 'closed', queuedBye: null });
  // Who was answered by us alone has not been put through.
  const unanswered = turn.call.phase === 'telling' || turn.call.phase === 'dialling';
  endCall(
    turn,
    unanswered
      ? { reason: 'cancelled', cancelReason: request.headers.joined('reason') }
      : { reason: 'answered', passed: farewellOf(request) },
  );
  if (exchange?.from === party) forgetExchange(turn);
}

/**
 * RFC 3261 §15: a caller may end an early dialog by BYE. While other forks ring it ends that one; with the last, its INVITE
 * gets 487 like by CANCEL.
 */
function byeEarly(turn: Turn, at: string | null, request: SipRequest): void {
  const fork = turn.fork(at);
  const others = turn.call.forks.some((one) => !one.ended && one !== fork);
  if (fork === null || fork.callee.dialog === null || !others) {
    endCall(turn, { reason: 'cancelled', cancelReason: request.headers.joined('reason') });
    return;
  }
  sendBye(turn, 'callee', fork.callee.dialog, null, farewellOf(request));
  endFork(turn, fork);
}

function serve(
  turn: Turn,
  leg: Leg,
  at: string | null,
  { transaction, request, named = null }: RequestEvent,
): void {
  const { party } = leg;
  const { method } = request;
  if (method === 'OPTIONS') {
    turn.emit({ type: 'respond', transaction, response: answerOptions(request, null) });
    return;
  }
  const maxForwards = countDown(request);
  if (typeof maxForwards !== 'number') {
    const refusal = maxForwards === 'none' ? tooManyHops : { status: 400, phrase: 'Bad Max-Forwards' };
    respondRefusal(turn, transaction, request, refusal);
    return;
  }
  const arrived = { transaction, request, maxForwards, at };
  if (takesKey(turn, party, leg.peer, arrived) || takesRecordInfo(turn, party, leg.peer, arrived)) return;
  if (method === 'INVITE') {
    heedsRecordHeader(turn, party, leg.peer, request);
    onReinvite(turn, party, arrived);
  } else if (method === 'PRACK') onPrack(turn, party, arrived);
  else if (method === 'UPDATE') onUpdate(turn, party, arrived);
  else if (method === 'REFER' && leg.peer.refer === 'relay') relayRefer(turn, leg, { named, ...arrived });
  else if (method === 'NOTIFY') relayNotify(turn, leg, arrived);
  else if (relayedMethods.has(method)) relay(turn, party, arrived);
  else {
    const refusal = refusedMethod(knownMethods.has(method), allowedFrom(leg.peer));
    respondRefusal(turn, transaction, request, refusal);
  }
}
