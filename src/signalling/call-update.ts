import type { Party } from '../records/call-record.ts';
import type { SessionDescription } from '../sdp/session-description.ts';
import { noBody, type SipResponse } from '../sip/message.ts';
import { answerOffer, faultForms, passAnswer, passOffer } from './call-offer-answer.ts';
import { relayAsInvite } from './call-reinvite.ts';
import { inviteResponse, respondRefusal } from './call-responses.ts';
import type { ArrivedRequest, Offer, Relay } from './call-state.ts';
import { carryBody } from './carried-body.ts';
import { later, offerCollision, takesOffer, updateCollision } from './exchange-rules.ts';
import { allows } from './leg-abilities.ts';
import { refreshDialog, sendInDialog } from './leg-requests.ts';
import { sessionBody } from './sdp-body.ts';
import { otherParty, type Turn } from './turn.ts';

/**
 * UPDATE (RFC 3311 §5.2). Without an offer it refreshes target or session timer, which are of one leg. An offer goes on
 * as UPDATE where the other party takes it, in a confirmed dialog otherwise as INVITE; and is answered here where the
 * other party can be asked nothing yet.
 */
export function onUpdate(turn: Turn, party: Party, arrived: ArrivedRequest): void {
  const { transaction, request, at } = arrived;
  const described = sessionBody(request);
  const refusal = described.ok
    ? (updateCollision(turn, party, at) ??
      (described.value === null ? null : offerCollision(turn, party, at)))
    : faultForms[described.error].refusal;
  if (!described.ok || refusal !== null) {
    if (refusal !== null) respondRefusal(turn, transaction, request, refusal);
    return;
  }
  if (described.value !== null) {
    onOffer(turn, party, arrived, described.value);
    return;
  }
  refreshDialog(turn, party, request, at);
  respondUpdated(turn, party, arrived, { upstream: null, body: noBody });
}

function onOffer(turn: Turn, party: Party, arrived: ArrivedRequest, offer: SessionDescription): void {
  const { transaction, request, maxForwards, at } = arrived;
  const other = otherParty(party);
  const ready = takesOffer(turn, other, at);
  if (ready && turn.call.phase === 'up' && !allows(turn, other, 'UPDATE', at)) {
    relayAsInvite(turn, party, arrived, offer);
    return;
  }
  if (!ready || !allows(turn, other, 'UPDATE', at)) {
    answer(turn, party, arrived, offer);
    return;
  }
  const passed = passOffer(turn, party, offer, at);
  if (!passed.ok) {
    respondRefusal(turn, transaction, request, faultForms[passed.error].refusal);
    return;
  }
  const client = sendInDialog(turn, other, {
    method: 'UPDATE',
    passed: request.headers,
    maxForwards,
    at,
    ...carryBody(request, passed.value.body),
  });
  if (client === null) {
    respondRefusal(turn, transaction, request, later(turn));
    return;
  }
  const relay: Relay = { transaction, request, from: party, at, offer: passed.value.offer };
  turn.update({ relays: new Map(turn.call.relays).set(client, relay) });
}

/** The offer is answered here; what the other party has described stands. */
function answer(turn: Turn, party: Party, arrived: ArrivedRequest, offer: SessionDescription): void {
  const { transaction, request, at } = arrived;
  const answered = answerOffer(turn, party, offer, at);
  if (!answered.ok) {
    respondRefusal(turn, transaction, request, faultForms[answered.error].refusal);
    return;
  }
  replaceTalk(turn, at, [party]);
  refreshDialog(turn, party, request, at);
  respondUpdated(turn, party, arrived, { upstream: null, body: answered.value });
}

function respondUpdated(
  turn: Turn,
  from: Party,
  { transaction, request }: Pick<ArrivedRequest, 'transaction' | 'request'>,
  { upstream, body }: { readonly upstream: SipResponse | null; readonly body: Uint8Array },
): void {
  const { status, phrase } = upstream ?? { status: 200, phrase: 'OK' };
  const response = inviteResponse(turn, { from, request }, { status, phrase, upstream, tag: '', body });
  turn.emit({ type: 'respond', transaction, response });
}

/** The INVITE under way began with an exchange that is not the last one any more, with these parties. */
function replaceTalk(turn: Turn, at: string | null, parties: readonly Party[]): void {
  const { exchange } = turn.call;
  if (exchange === null) return;
  for (const party of parties) {
    turn.updateTalk(
      exchange.from,
      at,
      party === exchange.from ? { asker: 'replaced' } : { asked: 'replaced' },
    );
  }
}

/** The answer in the 2xx to an UPDATE or PRACK that went on with an offer (RFC 6337 Table 1, patterns 5 and 6). */
export function onOfferAnswered(turn: Turn, relayed: Relay, offer: Offer, response: SipResponse): void {
  const { transaction, request, from, at } = relayed;
  const described = sessionBody(response);
  const answer = described.ok ? described.value : null;
  const passed = answer === null ? null : passAnswer(turn, offer, answer, at);
  if (passed?.ok !== true) {
    const fault = passed !== null ? passed.error : described.ok ? 'missing' : described.error;
    respondRefusal(turn, transaction, request, faultForms[fault].refusal);
    return;
  }
  replaceTalk(turn, at, [from, otherParty(from)]);
  if (request.method === 'UPDATE') {
    refreshDialog(turn, from, request, at);
    refreshDialog(turn, otherParty(from), response, at);
  }
  respondUpdated(turn, from, relayed, { upstream: response, body: passed.value });
}
