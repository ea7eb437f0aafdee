import type { Party } from '../records/call-record.ts';
import { type Dialog, receiveInDialog } from '../sip/dialog.ts';
import type { SipRequest, SipResponse } from '../sip/message.ts';
import { tagOf } from '../sip/name-addr.ts';
import { makeResponse } from '../sip/response.ts';
import { onReinvite } from './call-reinvite.ts';
import { endCall, forgetExchange } from './call-release.ts';
import { relayResponse, respondRefusal } from './call-responses.ts';
import type { CallEvent, FailureCause, Leg, Relay } from './call-state.ts';
import { unsupportedExtensions } from './extensions.ts';
import { learnAbilities } from './leg-abilities.ts';
import { sendInDialog } from './leg-requests.ts';
import { allowedMethods, knownMethods, relayedMethods } from './methods.ts';
import {
  answerOptions,
  countDown,
  noSuchCall,
  refusedMethod,
  type Refusal,
  retryAfter,
  tooManyHops,
} from './refusal.ts';
import { otherParty, type Turn } from './turn.ts';

export type RequestEvent = Extract<CallEvent, { type: 'request' }>;

/** A request within one of our dialogs (RFC 3261 §12.2.2). */
export function onRequest(turn: Turn, event: RequestEvent): void {
  const { party, transaction, request, source } = event;
  const leg = turn.leg(party);
  const refusal = leg === null ? noSuchCall : outOfDialog(turn, leg, request);
  if (leg === null || refusal !== null) {
    respondRefusal(turn, transaction, request, refusal ?? noSuchCall);
    return;
  }
  // A stream peer may have come back on another connection.
  turn.updateLeg(party, { hop: source });
  learnAbilities(turn, party, request.headers);
  if (request.method === 'BYE') onBye(turn, leg, event);
  else serve(turn, leg, event);
}

function outOfDialog(turn: Turn, leg: Leg, request: SipRequest): Refusal | null {
  const { dialog, state } = leg;
  if (state === 'closed' || (state === 'closing' && request.method !== 'BYE')) return noSuchCall;
  // The callee's side may speak within an early dialog (RFC 3261 §12.1); nobody is there to hear it yet.
  if (dialog === null) return state === 'inviting' ? tooEarly(turn) : noSuchCall;
  if (!isOfDialog(leg, dialog, request)) return noSuchCall;
  const received = receiveInDialog(dialog, request);
  // RFC 3261 §12.2.2: out of order is 500.
  if (!received.ok) return { status: 500, phrase: 'Out Of Order' };
  turn.updateLeg(leg.party, { dialog: received.value });
  return unsupportedExtensions(request);
}

/** RFC 3261 §12: both tags. While forks ring, a caller may speak in any of their dialogs. */
function isOfDialog({ state }: Leg, dialog: Dialog, { headers }: SipRequest): boolean {
  const [theirs, ours] = [tagOf(headers.first('from') ?? ''), tagOf(headers.first('to') ?? '')];
  return (theirs ?? '') === dialog.remoteTag && (ours === dialog.localTag || state === 'inviting');
}

function tooEarly(turn: Turn): Refusal {
  const headers = [retryAfter(turn.call.tokens.retryAfterSeconds)];
  return { status: 500, phrase: 'Server Internal Error', headers };
}

/** A party hangs up: 200 to it, BYE to the other with what its BYE said (RFC 3261 §15.1.2). */
function onBye(turn: Turn, { party, state }: Leg, { transaction, request }: RequestEvent): void {
  turn.emit({ type: 'respond', transaction, response: makeResponse(request, 200, 'OK', null) });
  if (state === 'closing') return;
  // RFC 3261 §15: a caller may end an early dialog by BYE; its INVITE then gets 487 like by CANCEL.
  if (state === 'inviting') {
    endCall(turn, { reason: 'cancelled', cancelReason: request.headers.joined('reason') });
    return;
  }
  const { exchange } = turn.call;
  turn.updateLeg(party, { state: 'closed', queuedBye: null });
  endCall(turn, { reason: 'answered', passed: request.headers });
  if (exchange?.from === party) forgetExchange(turn);
}

function serve(turn: Turn, leg: Leg, { transaction, request }: RequestEvent): void {
  const { method } = request;
  if (method === 'OPTIONS') {
    turn.emit({ type: 'respond', transaction, response: answerOptions(request, null) });
    return;
  }
  const maxForwards = countDown(request);
  if (typeof maxForwards !== 'number') {
    const refusal = maxForwards === 'none' ? tooManyHops : { status: 400, phrase: 'Bad Max-Forwards' };
    respondRefusal(turn, transaction, request, refusal);
  } else if (method === 'INVITE') {
    onReinvite(turn, leg.party, { transaction, request, maxForwards });
  } else if (relayedMethods.has(method)) {
    relay(turn, leg.party, { transaction, request, maxForwards });
  } else {
    respondRefusal(turn, transaction, request, refusedMethod(knownMethods.has(method), allowedMethods));
  }
}

function relay(
  turn: Turn,
  from: Party,
  arrived: { readonly transaction: string; readonly request: SipRequest; readonly maxForwards: number },
): void {
  const { transaction, request, maxForwards } = arrived;
  const other = otherParty(from);
  const client =
    turn.leg(other)?.state === 'confirmed'
      ? sendInDialog(turn, other, {
          ...{ method: request.method, passed: request.headers, body: request.body },
          ...{ bodyPasses: true, maxForwards },
        })
      : null;
  if (client === null) {
    respondRefusal(turn, transaction, request, tooEarly(turn));
    return;
  }
  turn.update({ relays: new Map(turn.call.relays).set(client, { transaction, request, from }) });
}

export function onRelayResponse(turn: Turn, client: string, relayed: Relay, response: SipResponse): void {
  const { transaction, from, request } = relayed;
  if (response.status < 200) return;
  turn.emit({ type: 'respond', transaction, response: relayResponse(turn, from, request, response) });
  forgetRelay(turn, client);
  // RFC 3261 §12.2.1.2: 481 and 408 say that the other side has lost the dialog.
  if (response.status === 481) endCall(turn, { reason: 'protocol-error' });
  if (response.status === 408) endCall(turn, { reason: 'upstream-timeout' });
}

export function onRelayFailed(turn: Turn, client: string, relayed: Relay, cause: FailureCause): void {
  const refusal =
    cause === 'timeout'
      ? { status: 408, phrase: 'Request Timeout' }
      : { status: 500, phrase: 'Server Internal Error' };
  respondRefusal(turn, relayed.transaction, relayed.request, refusal);
  forgetRelay(turn, client);
  if (cause === 'timeout') endCall(turn, { reason: 'upstream-timeout' });
}

function forgetRelay(turn: Turn, client: string): void {
  const relays = new Map(turn.call.relays);
  relays.delete(client);
  turn.update({ relays });
}
