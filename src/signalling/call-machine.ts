import { addCredentials, meetsChallenge } from './call-challenge.ts';
import type { Party } from '../records/call-record.ts';
import {
  onAck,
  onExchangeExpired,
  onReinviteCancelled,
  onReinviteFailed,
  onReinviteResponse,
} from './call-reinvite.ts';
import { legOfOwn, onOwnFailed, onOwnResponse, onOwnTimer, sendOwnRequests } from './call-own.ts';
import { onPrackTimer, onProvisional } from './call-provisional.ts';
import { onOutsideRefer } from './call-refer.ts';
import { endCall, finishIfReleased, forgetExchange } from './call-release.ts';
import { releaseKeys } from './call-keys.ts';
import { onRelayFailed, onRelayResponse } from './call-relay.ts';
import { onRequest } from './call-requests.ts';
import { learnSession, meetsInterval, onRefreshTimer, onSessionExpired } from './call-session.ts';
import {
  begin,
  closeCancelled,
  onAccepted,
  onAdmitted,
  onCancelled,
  onDial,
  onLateResponse,
  onOpened,
  onRefused,
  onUnreachable,
} from './call-setup.ts';
import type {
  CallEffect,
  CallEvent,
  CallState,
  FailureCause,
  Leg,
  SentInvite,
  TimerName,
} from './call-state.ts';
import { sendQueuedBye } from './leg-requests.ts';
import { keepSentRequests, legWith, takeSentRequest } from './sent-requests.ts';
import { t2 } from '../sip/transaction-timers.ts';
import { Turn } from './turn.ts';

export interface Step {
  readonly state: CallState;
  readonly effects: readonly CallEffect[];
}

/** The first step of a call whose INVITE was found good. */
export function startCall(state: CallState): Step {
  const turn = new Turn(state);
  begin(turn);
  return { state: turn.call, effects: turn.effects };
}

/** Pure: what the call is after an event, and what is to be done. Events that mean nothing any more do nothing. */
export function stepCall(state: CallState, event: CallEvent): Step {
  const turn = new Turn(state);
  if (!asksAgain(turn, event)) {
    apply(turn, event);
    learnSession(turn, event);
  }
  sendOwnRequests(turn);
  finishIfReleased(turn);
  keepSentRequests(turn);
  addCredentials(turn);
  return { state: turn.call, effects: turn.effects };
}

/** Whether a final response has our request sent once more, in a way that it asks for. */
function asksAgain(turn: Turn, event: CallEvent): boolean {
  const sent = takeSentRequest(turn, event);
  const leg = legWith(turn, sent?.send.request.headers.first('call-id') ?? null);
  if (sent === null || leg === null || event.type !== 'response') return false;
  return meetsChallenge(turn, leg, sent, event.response) || meetsInterval(turn, leg, sent, event.response);
}

function apply(turn: Turn, event: CallEvent): void {
  switch (event.type) {
    case 'admitted':
      onAdmitted(turn, event.admission);
      return;
    case 'opened':
      onOpened(turn, event.local);
      return;
    case 'response':
      onResponse(turn, event);
      return;
    case 'client-failed':
      onClientFailed(turn, event.client, event.cause);
      return;
    case 'request':
      onRequest(turn, event);
      return;
    case 'refer':
      onOutsideRefer(turn, event);
      return;
    case 'cancelled':
      onCancel(turn, event.transaction, event.reason);
      return;
    case 'server-failed':
      onServerFailed(turn, event.transaction, event.cause);
      return;
    case 'ack':
      onAck(turn, event.party, event.request);
      return;
    case 'timer':
      onTimer(turn, event.name);
      return;
    case 'dial':
      onDial(turn);
      return;
    case 'ask':
      onAsk(turn, event.party, event.on);
      return;
    case 'hang-up':
      endCall(turn, { reason: event.reason });
      return;
  }
}

function onAsk(turn: Turn, party: Party, on: boolean): void {
  const asking = new Set(turn.call.asking);
  if (on) asking.add(party);
  else asking.delete(party);
  turn.update({ asking });
}

function onResponse(turn: Turn, event: Extract<CallEvent, { type: 'response' }>): void {
  const { client, response, source } = event;
  const { exchange, relays, byes } = turn.call;
  const relayed = relays.get(client);
  const own = legOfOwn(turn, client);
  if (exchange?.client === client && exchange.stage === 'relayed') {
    if (response.status < 200) onProvisional(turn, exchange, response);
    else if (!exchange.initial) onReinviteResponse(turn, exchange, response);
    else if (response.status < 300) onAccepted(turn, exchange, response, source);
    else onRefused(turn, exchange, response, event.redirects ?? []);
  } else if (relayed !== undefined) {
    onRelayResponse(turn, client, relayed, response);
  } else if (byes.has(client)) {
    if (response.status >= 200) closeByBye(turn, client);
  } else if (own !== null) {
    onOwnResponse(turn, own, response);
  } else {
    const found = legOfInvite(turn, client);
    if (found !== null) onLateResponse(turn, found.leg, found.invite, response);
  }
}

function legOfInvite({ call }: Turn, client: string): { leg: Leg; invite: SentInvite } | null {
  for (const leg of [call.caller, call.callee]) {
    const sent = leg === null ? [] : [leg.invite, ...leg.pastInvites];
    const invite = sent.find((one) => one?.client === client) ?? null;
    if (leg !== null && invite !== null) return { leg, invite };
  }
  return null;
}

/** Whatever a BYE is answered, and also if it is not, its dialog has ended (RFC 3261 §15.1.1). */
function closeByBye(turn: Turn, client: string): void {
  const byes = new Map(turn.call.byes);
  const party = byes.get(client);
  byes.delete(client);
  turn.update({ byes });
  if (party !== undefined && party !== null) turn.updateLeg(party, { state: 'closed' });
}

function onClientFailed(turn: Turn, client: string, cause: FailureCause): void {
  const { exchange, relays, byes } = turn.call;
  const relayed = relays.get(client);
  const own = legOfOwn(turn, client);
  if (exchange?.client === client && exchange.stage === 'relayed') {
    if (exchange.initial) onUnreachable(turn, cause);
    else onReinviteFailed(turn, exchange, cause);
  } else if (relayed !== undefined) {
    onRelayFailed(turn, client, relayed, cause);
  } else if (byes.has(client)) {
    closeByBye(turn, client);
  } else if (own !== null) {
    onOwnFailed(turn, own, cause);
  } else if (legOfInvite(turn, client)?.leg.state === 'cancelling') {
    closeCancelled(turn);
  }
}

function onCancel(turn: Turn, transaction: string, reason: string | null): void {
  const { exchange } = turn.call;
  if (exchange?.transaction !== transaction) return;
  if (exchange.initial) onCancelled(turn, reason);
  else onReinviteCancelled(turn, exchange, reason);
}

/** A caller whose responses cannot be sent is gone; one that only sent no ACK has `ack-wait`. */
function onServerFailed(turn: Turn, transaction: string, cause: 'timeout' | 'transport'): void {
  const { exchange, caller } = turn.call;
  if (exchange?.transaction !== transaction || cause !== 'transport') return;
  if (exchange.initial && caller.state === 'inviting') {
    endCall(turn, { reason: 'protocol-error', outcome: 'caller' });
  }
}

function onTimer(turn: Turn, name: TimerName): void {
  if (name.startsWith('prack ')) {
    onPrackTimer(turn, name.slice('prack '.length));
    return;
  }
  switch (name) {
    case 'admission':
      turn.update({ awaiting: false });
      endCall(turn, { reason: 'overload' });
      return;
    case 'ring':
    case 'unanswered':
      // RFC 3261 §16.8: the caller gets 408 when the callee's side never decides.
      endCall(turn, {
        reason: 'no-answer',
        refusal: { status: 408, phrase: 'Request Timeout' },
      });
      return;
    case 'retransmit':
      onRetransmit(turn);
      return;
    case 'ack-wait':
      onNoAck(turn);
      return;
    case 'exchange':
      onExchangeExpired(turn);
      return;
    case 'cancel-wait':
      closeCancelled(turn);
      return;
    case 'keys-caller':
      releaseKeys(turn, 'caller');
      return;
    case 'keys-callee':
      releaseKeys(turn, 'callee');
      return;
    case 'own-caller':
      onOwnTimer(turn, 'caller');
      return;
    case 'own-callee':
      onOwnTimer(turn, 'callee');
      return;
    case 'refresh-caller':
      onRefreshTimer(turn, 'caller');
      return;
    case 'refresh-callee':
      onRefreshTimer(turn, 'callee');
      return;
    case 'expiry-caller':
    case 'expiry-callee':
      onSessionExpired(turn);
      return;
    case 'release':
      turn.updateLeg('caller', { state: 'closed' });
      turn.updateLeg('callee', { state: 'closed' });
      return;
  }
}

/** RFC 3261 §13.3.1.4: the 2xx again, at an interval that doubles up to T2. */
function onRetransmit(turn: Turn): void {
  const { exchange } = turn.call;
  if (exchange === null || exchange.accepted === null) return;
  const intervalMs = Math.min(2 * exchange.intervalMs, t2);
  turn.updateExchange({ intervalMs });
  turn.emit({ type: 'respond', transaction: exchange.transaction, response: exchange.accepted });
  turn.setTimer('retransmit', intervalMs);
}

/** RFC 3261 §13.3.1.4: without an ACK after 64*T1 "the dialog is confirmed, but the session SHOULD be terminated". */
function onNoAck(turn: Turn): void {
  const { exchange } = turn.call;
  if (exchange === null) return;
  const leg = turn.leg(exchange.from);
  if (leg?.state === 'accepted') turn.updateLeg(exchange.from, { state: 'confirmed' });
  sendQueuedBye(turn, exchange.from);
  endCall(turn, { reason: 'protocol-error' });
  forgetExchange(turn);
}
