import type { Party } from '../records/call-record.ts';
import { rejectOffer } from '../sdp/relay-description.ts';
import type { SessionDescription } from '../sdp/session-description.ts';
import { parseCSeq } from '../sip/cseq.ts';
import { noBody, type SipRequest } from '../sip/message.ts';
import { makeResponse } from '../sip/response.ts';
import { parseRAck } from '../sip/reliable.ts';
import { sendAccepted } from './call-acceptance.ts';
import { heardFirst } from './call-announce.ts';
import { answerOffer, describe, faultForms, passAnswer, passOffer } from './call-offer-answer.ts';
import { takeFirstAnswer } from './call-own-offer.ts';
import { endCall } from './call-release.ts';
import { inviteResponse, respondRefusal } from './call-responses.ts';
import type { ArrivedRequest, Offer, Relay } from './call-state.ts';
import { carryBody } from './carried-body.ts';
import type { Outstanding, Talk } from './dialog-side.ts';
import { offerCollision, takesOffer } from './exchange-rules.ts';
import { sendPrack } from './leg-requests.ts';
import { prackTimer, sendNextProvisional } from './provisional-queue.ts';
import { noSuchCall, type Refusal } from './refusal.ts';
import { sessionBody } from './sdp-body.ts';
import { otherParty, type Turn } from './turn.ts';

/**
 * PRACK of the party that sent an INVITE (RFC 3262 §3). It goes on where the provisional that it acknowledges came from
 * a reliable one, so that what it offers or answers reaches the other party; otherwise it is answered here.
 */
export function onPrack(turn: Turn, party: Party, arrived: ArrivedRequest): void {
  const { transaction, request, at } = arrived;
  const talk = turn.side(party, at)?.talk ?? null;
  const acknowledged = talk === null ? null : acknowledgedBy(turn, party, talk, request);
  if (talk === null || acknowledged === null) {
    respondRefusal(turn, transaction, request, noSuchCall);
    return;
  }
  const described = sessionBody(request);
  if (!described.ok) {
    respondRefusal(turn, transaction, request, faultForms[described.error].refusal);
    return;
  }
  turn.clearTimer(prackTimer(turn, at));
  turn.updateTalk(party, at, { outstanding: null });
  if (acknowledged.carries === 'offer' && turn.call.phase === 'telling')
    onFirstAnswer(turn, party, arrived, { acknowledged, answer: described.value });
  else if (acknowledged.carries === 'offer')
    onAnswer(turn, party, arrived, { talk, acknowledged, answer: described.value });
  else if (described.value !== null) onOffer(turn, party, arrived, { acknowledged, offer: described.value });
  else passPrack(turn, party, arrived, acknowledged, { body: noBody, offer: null });
  sendNextProvisional(turn, at);
  sendAccepted(turn);
  if (acknowledged.carries !== null) heardFirst(turn, at);
}

/**
 * RFC 3262 §3: matched by RSeq, and method and number of the INVITE; one that matches nothing is 481. After the final
 * response it is still taken, and means nothing to anybody.
 */
function acknowledgedBy(turn: Turn, party: Party, talk: Talk, { headers }: SipRequest): Outstanding | null {
  const { outstanding, cseq } = talk;
  const rack = parseRAck(headers.first('rack') ?? '');
  if (outstanding === null || rack === null || rack.method !== 'INVITE') return null;
  if (rack.rseq !== outstanding.rseq || rack.cseq !== cseq) return null;
  const { exchange } = turn.call;
  const number = parseCSeq(exchange?.request.headers.first('cseq') ?? '')?.number;
  const waits = exchange?.from === party && exchange.stage !== 'accepted' && number === cseq;
  return waits ? outstanding : { ...outstanding, upstream: null, carries: null };
}

/** Sends it on, or answers it where nobody waits for it. */
function passPrack(
  turn: Turn,
  party: Party,
  { transaction, request, maxForwards, at }: ArrivedRequest,
  { upstream }: Outstanding,
  { body, offer }: { readonly body: Uint8Array; readonly offer: Offer | null },
): void {
  const wanted = { passed: request.headers, maxForwards, ...carryBody(request, body) };
  const client = upstream === null ? null : sendPrack(turn, otherParty(party), at, upstream, wanted);
  if (client === null) {
    turn.emit({ type: 'respond', transaction, response: makeResponse(request, 200, 'OK', null) });
    return;
  }
  const completes = upstream?.described ?? false;
  const relay: Relay = { transaction, request, from: party, at, offer, completes };
  turn.update({ relays: new Map(turn.call.relays).set(client, relay) });
}

const noAnswer: Refusal = { status: 400, phrase: 'No Answer To The Offer' };

/** RFC 3262 §5: the answer to an offer of our own, before anybody is dialled. */
function onFirstAnswer(
  turn: Turn,
  party: Party,
  arrived: ArrivedRequest,
  { acknowledged, answer }: { acknowledged: Outstanding; answer: SessionDescription | null },
): void {
  const { transaction, request, at } = arrived;
  const reason = takeFirstAnswer(turn, at, answer);
  if (reason === null) {
    passPrack(turn, party, arrived, acknowledged, { body: noBody, offer: null });
    return;
  }
  respondRefusal(turn, transaction, request, noAnswer);
  endCall(turn, { reason, outcome: 'caller' });
}

/** RFC 3262 §5: the answer to the offer of a reliable provisional. Without one there is no session: the call ends. */
function onAnswer(
  turn: Turn,
  party: Party,
  arrived: ArrivedRequest,
  {
    talk,
    acknowledged,
    answer,
  }: { talk: Talk; acknowledged: Outstanding; answer: SessionDescription | null },
): void {
  const { transaction, request, at } = arrived;
  const passed = talk.offer === null || answer === null ? null : passAnswer(turn, talk.offer, answer, at);
  if (passed?.ok !== true) {
    const fault = passed === null ? 'missing' : passed.error;
    respondRefusal(turn, transaction, request, noAnswer);
    endCall(turn, { reason: faultForms[fault].reason, outcome: 'caller' });
    return;
  }
  turn.updateTalk(party, at, { asker: 'settled', asked: 'settled' });
  passPrack(turn, party, arrived, acknowledged, { body: passed.value, offer: null });
}

/** RFC 3262 §5: a new offer, which the 200 answers. Where the other party cannot be asked, we answer. */
function onOffer(
  turn: Turn,
  party: Party,
  arrived: ArrivedRequest,
  { acknowledged, offer }: { acknowledged: Outstanding; offer: SessionDescription },
): void {
  const { transaction, request, at } = arrived;
  const collision = offerCollision(turn, party, at);
  if (collision !== null) {
    respondRefusal(turn, transaction, request, collision);
    return;
  }
  const { upstream } = acknowledged;
  const other = otherParty(party);
  const passes = upstream !== null && takesOffer(turn, other, at);
  const passed = passes ? passOffer(turn, party, offer, at) : null;
  if (passed?.ok === true) {
    passPrack(turn, party, arrived, acknowledged, passed.value);
    return;
  }
  if (upstream !== null) sendPrack(turn, other, at, upstream);
  const answered = answerOffer(turn, party, offer, at);
  // RFC 6337 §2.3: a PRACK is not refused for its offer; the answer takes part in nothing, and the session stays.
  const body = answered.ok ? answered.value : declined(turn, party, offer, at);
  if (answered.ok) turn.updateTalk(party, at, { asker: 'replaced' });
  const response = inviteResponse(
    turn,
    { from: party, request },
    {
      ...{ status: 200, phrase: 'OK', upstream: null, tag: '', body },
    },
  );
  turn.emit({ type: 'respond', transaction, response });
}

function declined(turn: Turn, party: Party, offer: SessionDescription, at: string | null): Uint8Array {
  const local = turn.call.local?.[party];
  return local === undefined ? noBody : describe(turn, party, rejectOffer(offer, local), at);
}
