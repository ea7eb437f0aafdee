import type { Party } from '../records/call-record.ts';
import type { SipResponse } from '../sip/message.ts';
import { settleReferral } from './call-refer.ts';
import { endCall } from './call-release.ts';
import { relayResponse, respondRefusal } from './call-responses.ts';
import type { ArrivedRequest, FailureCause, Relay } from './call-state.ts';
import { onOfferAnswered } from './call-update.ts';
import { endForms } from './end-reasons.ts';
import { later, relayedTooMany } from './exchange-rules.ts';
import { sendInDialog } from './leg-requests.ts';
import { otherParty, type Turn } from './turn.ts';

/** A request within a dialog goes on to the other leg as it is. */
export function relay(turn: Turn, from: Party, arrived: ArrivedRequest): void {
  const { transaction, request, maxForwards, at } = arrived;
  const other = otherParty(from);
  const client =
    relayedTooMany(turn) === null && (at !== null || turn.leg(other)?.state === 'confirmed')
      ? sendInDialog(turn, other, {
          method: request.method,
          passed: request.headers,
          body: request.body,
          bodyPasses: true,
          maxForwards,
          at,
        })
      : null;
  if (client === null) {
    respondRefusal(turn, transaction, request, later(turn));
    return;
  }
  turn.update({
    relays: new Map(turn.call.relays).set(client, { transaction, request, from, at, offer: null }),
  });
}

export function onRelayResponse(turn: Turn, client: string, relayed: Relay, response: SipResponse): void {
  const { transaction, from, request } = relayed;
  const { status } = response;
  if (status < 200) return;
  const offer = isOfLostFork(turn, relayed) ? null : relayed.offer;
  forgetRelay(turn, client);
  settleReferral(turn, transaction, status < 300 ? response : null);
  if (offer !== null && turn.call.end !== null) {
    // RFC 3261 §15.1.2: what is pending in a dialog that ends gets 487.
    respondRefusal(turn, transaction, request, endForms.answered.refusal);
    return;
  }
  if (status < 300 && offer !== null) {
    onOfferAnswered(turn, relayed, offer, response);
    return;
  }
  turn.emit({ type: 'respond', transaction, response: relayResponse(turn, from, request, response) });
  if (status === 481 || status === 408) onDialogLost(turn, relayed, status === 408);
}

/** Another fork has answered: what is said in this one's dialog changes nothing of the call. */
function isOfLostFork(turn: Turn, { at }: Relay): boolean {
  return turn.isConnected && turn.fork(at) !== null;
}

const ofOneUsage: ReadonlySet<string> = new Set(['NOTIFY', 'PRACK']);

/**
 * RFC 3261 §12.2.1.2: 481 and 408 say that the other side has lost the dialog; an early one leaves the INVITE alone,
 * a NOTIFY has spoken of its subscription only (RFC 6665 §4.2.2), and a PRACK of its provisional (RFC 3262 §3).
 */
function onDialogLost(turn: Turn, { at, request, isStray = false }: Relay, silent: boolean): void {
  if (isStray || turn.fork(at) !== null || ofOneUsage.has(request.method)) return;
  endCall(turn, { reason: silent ? 'upstream-timeout' : 'protocol-error' });
}

export function onRelayFailed(turn: Turn, client: string, relayed: Relay, cause: FailureCause): void {
  const refusal =
    cause === 'timeout'
      ? { status: 408, phrase: 'Request Timeout' }
      : { status: 500, phrase: 'Server Internal Error' };
  respondRefusal(turn, relayed.transaction, relayed.request, refusal);
  settleReferral(turn, relayed.transaction, null);
  forgetRelay(turn, client);
  if (cause === 'timeout') onDialogLost(turn, relayed, true);
}

function forgetRelay(turn: Turn, client: string): void {
  const relays = new Map(turn.call.relays);
  relays.delete(client);
  turn.update({ relays });
}
