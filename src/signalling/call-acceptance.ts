import type { Party } from '../records/call-record.ts';
import { err, ok, type Result } from '../kernel/result.ts';
import type { MediaFault } from '../sdp/relay-description.ts';
import type { SessionDescription } from '../sdp/session-description.ts';
import { noBody, type SipResponse } from '../sip/message.ts';
import { t1 } from '../sip/transaction-timers.ts';
import {
  adoptAnswer,
  type DescriptionFault,
  passAnswer,
  passNeededOffer,
  reconnect,
} from './call-offer-answer.ts';
import { inviteResponse } from './call-responses.ts';
import type { Exchange } from './call-state.ts';
import { acknowledge } from './leg-requests.ts';
import { stopProvisionals } from './provisional-queue.ts';
import { sessionBody } from './sdp-body.ts';
import { ackWaitMs } from './sip-timers.ts';
import { otherParty, type Turn } from './turn.ts';

/**
 * The other party's 2xx to an exchange (RFC 3264, RFC 6337 §2.2). Sends the ACK at once unless it has to bring an
 * answer, and the 2xx on, under `tag` where the INVITE has none, as soon as RFC 3262 §3 lets it.
 */
export function acceptExchange(
  turn: Turn,
  exchange: Exchange,
  response: SipResponse,
  tag: string,
): Result<null, DescriptionFault> {
  const other = otherParty(exchange.from);
  const dialog = turn.dialog(other);
  if (dialog === null) return err('missing');
  const described = sessionBody(response);
  if (!described.ok) return described;
  const passed = finalBody(turn, exchange, described.value);
  if (!passed.ok) return passed;
  if (turn.call.exchange?.offer?.by !== other) {
    acknowledge(turn, other, dialog, noBody);
    turn.updateLeg(other, { state: 'confirmed' });
  }
  if (exchange.initial && turn.call.caller.state === 'confirmed') return ok(null);
  const accepted = inviteResponse(turn, exchange, {
    status: response.status,
    phrase: response.phrase,
    upstream: response,
    tag,
    body: passed.value,
  });
  turn.updateExchange({ stage: 'held', accepted });
  turn.clearTimer('exchange');
  sendAccepted(turn);
  return ok(null);
}

/**
 * The description of the 2xx as the asker gets it: the answer, or the offer where the INVITE had none. What a provisional
 * has told already is told again as it was, and not any more once another exchange has come after it.
 */
function finalBody(
  turn: Turn,
  exchange: Exchange,
  description: SessionDescription | null,
): Result<Uint8Array, DescriptionFault> {
  const { from, offer } = exchange;
  const talk = turn.leg(from)?.talk ?? null;
  if (offer === null) {
    // The offer was made in a reliable provisional: the PRACK that answers it has come, or this 2xx waits for it.
    if (talk !== null && talk.offer !== null) return ok(noBody);
    return description === null ? err('missing') : passLateOffer(turn, otherParty(from), description);
  }
  if (talk === null || talk.answer === null) {
    return description === null ? err('missing') : passAnswer(turn, offer, description);
  }
  // The answer that the asker has may be ours alone (`call-announce`); then the other party still owes its own.
  if (description === null && (turn.leg(otherParty(from))?.described ?? null) === null) return err('missing');
  reconnect(turn, from, null);
  if (description !== null && talk.asked !== 'replaced') {
    const adopted = adoptAnswer(turn, offer, description);
    if (!adopted.ok) return adopted;
  } else {
    reconnect(turn, otherParty(from), null);
  }
  // Something newer has been said since, or is being offered: the old answer would take it back.
  const { body, version } = talk.answer;
  return ok(talk.asker === 'replaced' || turn.leg(from)?.origin.version !== version ? noBody : body);
}

function passLateOffer(
  turn: Turn,
  by: Party,
  description: SessionDescription,
): Result<Uint8Array, MediaFault> {
  const passed = passNeededOffer(turn, by, description);
  if (!passed.ok) return passed;
  turn.updateExchange({ offer: passed.value.offer });
  return ok(passed.value.body);
}

/**
 * Sends the 2xx that is ready, unless a reliable provisional with a description has not been acknowledged: then "it MUST
 * NOT send a final response until those provisional responses are acknowledged" (RFC 3262 §3).
 */
export function sendAccepted(turn: Turn): void {
  const { exchange } = turn.call;
  if (exchange === null || exchange.stage !== 'held' || exchange.accepted === null) return;
  const { from, transaction, accepted, initial } = exchange;
  if ((turn.leg(from)?.talk?.outstanding?.carries ?? null) !== null) return;
  stopProvisionals(turn);
  turn.updateExchange({ stage: 'accepted', intervalMs: t1 });
  turn.emit({ type: 'respond', transaction, response: accepted });
  if (initial) turn.updateLeg(from, { state: 'accepted' });
  // An UPDATE that went on as an INVITE: its 2xx has no ACK, and is the layer's to repeat.
  if (exchange.request.method !== 'INVITE') return;
  // RFC 3261 §13.3.1.4: repeated after T1, then at intervals that double up to T2, for 64*T1 in all.
  turn.setTimer('retransmit', t1);
  turn.setTimer('ack-wait', ackWaitMs);
}
