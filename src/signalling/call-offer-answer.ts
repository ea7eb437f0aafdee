import { isIPv6 } from 'node:net';
import type { EndReason, Party } from '../records/call-record.ts';
import { err, ok, type Result } from '../kernel/result.ts';
import { activeLine } from '../sdp/active-line.ts';
import { negotiatedMedia } from '../sdp/negotiated-media.ts';
import { describeSession } from '../sdp/origin.ts';
import { type MediaFault, relayAnswer, relayOffer } from '../sdp/relay-description.ts';
import type { SessionDescription } from '../sdp/session-description.ts';
import type { SipResponse } from '../sip/message.ts';
import { t1 } from '../sip/transaction-timers.ts';
import { inviteResponse } from './call-responses.ts';
import type { Exchange, Offer } from './call-state.ts';
import { acknowledge } from './leg-requests.ts';
import type { NegotiatedMedia } from './ports.ts';
import type { Refusal } from './refusal.ts';
import { type BodyFault, sessionBody } from './sdp-body.ts';
import { ackWaitMs } from './sip-timers.ts';
import { otherParty, type Turn } from './turn.ts';

export type DescriptionFault = BodyFault | MediaFault | 'missing';

/** What a description that cannot be used is answered with, and what it means for a call that depends on it. */
export const faultForms: Readonly<Record<DescriptionFault, { refusal: Refusal; reason: EndReason }>> = {
  'not-sdp': {
    // RFC 3261 §21.4.13: 415 lists what is accepted.
    refusal: {
      status: 415,
      phrase: 'Unsupported Media Type',
      headers: [
        ['Accept', 'application/sdp'],
        ['Accept-Encoding', 'identity'],
      ],
    },
    reason: 'protocol-error',
  },
  broken: { refusal: { status: 400, phrase: 'Bad Session Description' }, reason: 'protocol-error' },
  missing: { refusal: { status: 500, phrase: 'Server Internal Error' }, reason: 'protocol-error' },
  'no-audio': { refusal: notAcceptable('304 onrecord "Media type not available"'), reason: 'no-codec' },
  'no-codec': { refusal: notAcceptable('305 onrecord "Incompatible media format"'), reason: 'no-codec' },
  'unusable-address': {
    refusal: notAcceptable('301 onrecord "Incompatible network address formats"'),
    reason: 'no-codec',
  },
};

/** RFC 3261 §21.4.26, and §20.43 for the warning. */
function notAcceptable(warning: string): Refusal {
  return { status: 488, phrase: 'Not Acceptable Here', headers: [['Warning', warning]] };
}

interface PassedOffer {
  readonly body: Uint8Array;
  readonly offer: Offer;
}

/** An offer that a call depends on: where narrowing is only preferred, it passes whole rather than not at all. */
export function passNeededOffer(
  turn: Turn,
  by: Party,
  description: SessionDescription,
): Result<PassedOffer, MediaFault> {
  const passed = passOffer(turn, by, description);
  if (passed.ok || passed.error !== 'no-codec' || !mayWiden(turn)) return passed;
  turn.update({ encodings: null });
  return passOffer(turn, by, description);
}

/** Whether offers are narrowed that may as well pass whole. */
export function mayWiden({ call }: Turn): boolean {
  return call.encodings !== null && call.narrowing === 'prefer';
}

/** Rewrites a party's offer for the other leg, as the body of a message there. */
export function passOffer(
  turn: Turn,
  by: Party,
  description: SessionDescription,
): Result<PassedOffer, MediaFault> {
  const { local, encodings } = turn.call;
  if (local === null) return err('no-audio');
  const to = otherParty(by);
  const relayed = relayOffer(description, local[to], encodings);
  if (!relayed.ok) return relayed;
  const body = describe(turn, to, relayed.value.description);
  const { line } = relayed.value;
  return ok({ body, offer: { by, description, line, relayed: relayed.value.description } });
}

/** Rewrites the answer for the party that made the offer, and tells media what both agreed to. */
export function passAnswer(
  turn: Turn,
  offer: Offer,
  answer: SessionDescription,
): Result<Uint8Array, MediaFault> {
  const { local, encodings } = turn.call;
  if (local === null) return err('no-audio');
  const open = { offer: offer.description, line: offer.line };
  const relayed = relayAnswer(answer, open, local[offer.by], encodings);
  if (!relayed.ok) return relayed;
  const agreement = { ...open, answer, encodings };
  const offerer = negotiatedMedia(agreement, 'offerer');
  const answerer = negotiatedMedia(agreement, 'answerer');
  // A socket of one family reaches none of the other.
  if (!reachable(offerer, local[offer.by].address)) return err('unusable-address');
  if (!reachable(answerer, local[otherParty(offer.by)].address)) return err('unusable-address');
  turn.emit({ type: 'connect', party: offer.by, media: offerer });
  turn.emit({ type: 'connect', party: otherParty(offer.by), media: answerer });
  turn.updateLeg(offer.by, { described: offer.description, said: relayed.value });
  turn.updateLeg(otherParty(offer.by), { described: answer, said: offer.relayed });
  return ok(describe(turn, offer.by, relayed.value));
}

/** Takes the answer to an offer of our own, which concerns this party alone. */
export function takeAnswer(
  turn: Turn,
  party: Party,
  offer: SessionDescription,
  answer: SessionDescription,
): void {
  const line = activeLine(offer);
  const { local } = turn.call;
  if (line === null || local === null) return;
  const media = negotiatedMedia({ offer, answer, line, encodings: null }, 'answerer');
  if (!reachable(media, local[party].address)) return;
  turn.updateLeg(party, { described: answer, said: offer });
  turn.emit({ type: 'connect', party, media });
}

function reachable({ remote }: NegotiatedMedia, local: string): boolean {
  return remote === null || isIPv6(remote.address) === isIPv6(local);
}

/** A description of ours as the body of a message to a party, with the o= of its leg. */
export function describe(turn: Turn, to: Party, description: SessionDescription): Uint8Array {
  const leg = turn.leg(to);
  const address = turn.call.local?.[to].address ?? '';
  if (leg === null) return new Uint8Array(0);
  const { origin, body } = describeSession(leg.origin, address, description);
  turn.updateLeg(to, { origin });
  return body;
}

/**
 * The other party's 2xx to an exchange: its SDP answers the offer, or is the offer where the INVITE had none
 * (RFC 3264, RFC 6337 §2.2). Sends the 2xx on, and the ACK at once unless it has to bring an answer.
 * `early` is the answer of a provisional, which stands for one that the 2xx leaves out.
 */
export function acceptExchange(
  turn: Turn,
  exchange: Exchange,
  response: SipResponse,
  options: { readonly early: SessionDescription | null; readonly tag: string },
): Result<null, DescriptionFault> {
  const other = otherParty(exchange.from);
  const dialog = turn.dialog(other);
  if (dialog === null) return err('missing');
  const described = sessionBody(response);
  if (!described.ok) return described;
  const description = described.value ?? options.early;
  if (description === null) return err('missing');
  const passed =
    exchange.offer === null
      ? passLateOffer(turn, other, description)
      : passAnswer(turn, exchange.offer, description);
  if (!passed.ok) return passed;
  if (exchange.offer !== null) {
    acknowledge(turn, other, dialog, new Uint8Array(0));
    turn.updateLeg(other, { state: 'confirmed' });
  }
  const accepted = inviteResponse(turn, exchange, {
    ...{ status: response.status, phrase: response.phrase, upstream: response },
    ...{ tag: options.tag, body: passed.value },
  });
  turn.updateExchange({ stage: 'accepted', accepted, intervalMs: t1 });
  turn.emit({ type: 'respond', transaction: exchange.transaction, response: accepted });
  turn.clearTimer('exchange');
  // RFC 3261 §13.3.1.4: repeated after T1, then at intervals that double up to T2, for 64*T1 in all.
  turn.setTimer('retransmit', t1);
  turn.setTimer('ack-wait', ackWaitMs);
  return ok(null);
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
