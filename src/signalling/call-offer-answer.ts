import { isIPv6 } from 'node:net';
import type { EndReason, Party } from '../records/call-record.ts';
import { err, ok, type Result } from '../kernel/result.ts';
import { activeLine } from '../sdp/active-line.ts';
import { answerHere } from '../sdp/answer-here.ts';
import { answerInOne } from '../sdp/answer-in-one.ts';
import { keepLines } from '../sdp/keep-lines.ts';
import { agreedKeys, isSecuredAnswer } from '../sdp/media-security.ts';
import { negotiatedMedia } from '../sdp/negotiated-media.ts';
import { describeSession } from '../sdp/origin.ts';
import { type MediaFault, relayAnswer, relayOffer } from '../sdp/relay-description.ts';
import type { SessionDescription } from '../sdp/session-description.ts';
import { noBody } from '../sip/message.ts';
import type { Exchange, Leg, Offer } from './call-state.ts';
import type { Side } from './dialog-side.ts';
import { answeringSecurity, offeredSecurity, policyOf } from './leg-security.ts';
import type { NegotiatedMedia } from './ports.ts';
import type { Refusal } from './refusal.ts';
import type { BodyFault } from './sdp-body.ts';
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
  'no-security': {
    refusal: notAcceptable('399 onrecord "SRTP does not fit: RTP/SAVP with a=crypto, or RTP/AVP without"'),
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
  at: string | null = null,
): Result<PassedOffer, MediaFault> {
  const passed = passOffer(turn, by, description, at);
  if (passed.ok || passed.error !== 'no-codec' || !mayWiden(turn)) return passed;
  turn.update({ encodings: null });
  return passOffer(turn, by, description, at);
}

/** Whether offers are narrowed that may as well pass whole. */
export function mayWiden({ call }: Turn): boolean {
  return call.encodings !== null && call.narrowing === 'prefer';
}

/** Rewrites a party's offer for the other leg, as the body of a message there. `at` names the dialogs, as in Relay. */
export function passOffer(
  turn: Turn,
  by: Party,
  description: SessionDescription,
  at: string | null = null,
  encodings: readonly string[] | null = turn.call.encodings,
): Result<PassedOffer, MediaFault> {
  const { local } = turn.call;
  if (local === null) return err('no-audio');
  const to = otherParty(by);
  const security = { from: policyOf(turn, by), said: offeredSecurity(turn, to, at) };
  const relayed = relayOffer(description, local[to], encodings, security);
  if (!relayed.ok) return relayed;
  const { line } = relayed.value;
  const offered = keepLines(relayed.value.description, turn.side(to, at)?.said ?? null);
  const body = describe(turn, to, offered, at);
  return ok({ body, offer: { by, description, line, relayed: offered } });
}

/** Rewrites the answer for the party that made the offer, and tells media what both agreed to. */
export function passAnswer(
  turn: Turn,
  offer: Offer,
  answer: SessionDescription,
  at: string | null = null,
): Result<Uint8Array, MediaFault> {
  const { local, encodings } = turn.call;
  if (local === null) return err('no-audio');
  const open = { offer: offer.description, line: offer.line };
  const security = answeringSecurity(turn, offer.by, at);
  const relayed = relayAnswer(answer, open, local[offer.by], encodings, security);
  if (!relayed.ok) return relayed;
  const agreement = { answer, encodings, ...open };
  const offerer = negotiatedMedia(agreement, 'offerer');
  const answerer = negotiatedMedia(agreement, 'answerer');
  // A socket of one family reaches none of the other.
  if (!reachable(offerer, local[offer.by].address)) return err('unusable-address');
  const by = otherParty(offer.by);
  if (!reachable(answerer, local[by].address)) return err('unusable-address');
  if (!isSecured(turn, by, offer.relayed, answer)) return err('no-security');
  settle(turn, offer.by, at, { described: offer.description, said: relayed.value, media: offerer });
  settle(turn, by, at, { described: answer, said: offer.relayed, media: answerer });
  return ok(describe(turn, offer.by, relayed.value, at));
}

/**
 * A second answer to the same offer, which who offered does not get to see (RFC 3261 §13.2.1: the first one counts):
 * only what is sent to who answered follows it.
 */
export function adoptAnswer(
  turn: Turn,
  offer: Offer,
  answer: SessionDescription,
  at: string | null = null,
): Result<null, MediaFault> {
  const { local, encodings } = turn.call;
  if (local === null) return err('no-audio');
  const open = { offer: offer.description, line: offer.line };
  const security = answeringSecurity(turn, offer.by, at);
  const relayed = relayAnswer(answer, open, local[offer.by], encodings, security);
  if (!relayed.ok) return relayed;
  const by = otherParty(offer.by);
  const media = negotiatedMedia({ answer, encodings, ...open }, 'answerer');
  if (!reachable(media, local[by].address)) return err('unusable-address');
  if (!isSecured(turn, by, offer.relayed, answer)) return err('no-security');
  settle(turn, by, at, { described: answer, said: offer.relayed, media });
  return ok(null);
}

interface OwnAgreement {
  readonly at: string | null;
  /** Ours, and the party's. */
  readonly offer: SessionDescription;
  readonly answer: SessionDescription;
  /** What of it is used; null: all. */
  readonly encodings: readonly string[] | null;
}

/** Takes the answer to an offer of our own, which concerns this party alone. Null: it is of no use, and nothing changes. */
export function takeAnswer(
  turn: Turn,
  party: Party,
  { at, offer, answer, encodings }: OwnAgreement,
): NegotiatedMedia | null {
  const line = activeLine(offer);
  const { local } = turn.call;
  if (line === null || local === null) return null;
  const media = negotiatedMedia({ offer, answer, line, encodings }, 'answerer');
  if (!reachable(media, local[party].address) || !isSecured(turn, party, offer, answer)) return null;
  settle(turn, party, at, { described: answer, said: offer, media });
  return media;
}

/**
 * Answers a party's offer ourselves, where the other party cannot be asked: out of what that one has described, since
 * its media reach us and not this party; or alone, where there is nobody yet and the party hears us.
 */
export function answerOffer(
  turn: Turn,
  party: Party,
  offer: SessionDescription,
  at: string | null,
): Result<Uint8Array, MediaFault> {
  const { local, exchange, announcing } = turn.call;
  const other = otherParty(party);
  const theirs = turn.side(other, at)?.described ?? null;
  const known = theirs ?? (exchange?.offer?.by === other ? exchange.offer.description : null);
  const among = announcing?.chosen ?? announcing?.among ?? null;
  if (local === null) return err('no-audio');
  const security = answeringSecurity(turn, party, at);
  const answered =
    known !== null
      ? answerHere(offer, known, local[party], security)
      : among === null
        ? err<MediaFault>('no-audio')
        : answerInOne(offer, among, local[party], security);
  if (!answered.ok) return answered;
  const { answer, line } = answered.value;
  const media = negotiatedMedia({ offer, answer, line, encodings: null }, 'offerer');
  if (!reachable(media, local[party].address)) return err('unusable-address');
  settle(turn, party, at, { described: offer, said: answer, media });
  return ok(describe(turn, party, answer, at));
}

/** A party's offer as we answer it alone, before there is anybody else: with one codec of speech out of `among`. */
export function answerAlone(
  turn: Turn,
  party: Party,
  offer: SessionDescription,
  { at, among }: { readonly at: string | null; readonly among: readonly string[] },
): Result<{ readonly body: Uint8Array; readonly encodings: readonly string[] }, MediaFault> {
  const { local } = turn.call;
  if (local === null) return err('no-audio');
  const answered = answerInOne(offer, among, local[party], answeringSecurity(turn, party, at));
  if (!answered.ok) return answered;
  const { answer, line, encodings } = answered.value;
  const media = negotiatedMedia({ offer, answer, line, encodings }, 'offerer');
  if (!reachable(media, local[party].address)) return err('unusable-address');
  // Who is on hold hears nothing of us.
  if (!media.receives) return err('no-audio');
  settle(turn, party, at, { described: offer, said: answer, media });
  return ok({ body: describe(turn, party, answer, at), encodings });
}

/** Tells media once more what was agreed to in one dialog, after another one was heard. */
export function reconnect(turn: Turn, party: Party, at: string | null): void {
  const media = turn.side(party, at)?.media;
  if (media !== undefined && media !== null) turn.emit({ type: 'connect', party, media });
}

/**
 * An INVITE within the dialog was refused after a provisional had answered its offer: the session is again the one before
 * (RFC 6141 §3.3), unless a later exchange has changed it for good (§3.4).
 */
export function revert(turn: Turn, { from, before }: Exchange): void {
  const talk = turn.leg(from)?.talk ?? null;
  if (before === undefined || talk === null || (talk.answer === null && talk.offer === null)) return;
  if (talk.asker === 'replaced' || talk.asked === 'replaced') return;
  for (const party of ['caller', 'callee'] as const) {
    const agreed = before[party];
    if (agreed === null) continue;
    const { said, described, media } = agreed;
    turn.updateLeg(party, { said, described, media });
    reconnect(turn, party, null);
  }
}

function settle(
  turn: Turn,
  party: Party,
  at: string | null,
  agreed: Pick<Side, 'described' | 'said'> & { readonly media: NegotiatedMedia },
): void {
  const media = { ...behindNat(turn.leg(party), agreed.media), ...securityOf(agreed) };
  turn.updateSide(party, at, { ...agreed, media });
  turn.emit({ type: 'connect', party, media });
}

/** Whether an answer to our offer has the SRTP that is asked of the party. */
function isSecured(
  turn: Turn,
  party: Party,
  said: SessionDescription | null,
  answer: SessionDescription,
): boolean {
  const line = said === null ? null : activeLine(said);
  const [offered, answered] = line === null ? [] : [said?.media[line], answer.media[line]];
  if (offered === undefined || answered === undefined) return true;
  return isSecuredAnswer(offered, answered, policyOf(turn, party));
}

/** The keys on which our description and the party's agree; both have their one active line in the same place. */
function securityOf({
  said,
  described,
}: Pick<Side, 'described' | 'said'>): Pick<NegotiatedMedia, 'security'> {
  const line = said === null ? null : activeLine(said);
  const [ours, theirs] = line === null ? [] : [said?.media[line], described?.media[line]];
  const keys = ours === undefined || theirs === undefined ? null : agreedKeys(ours, theirs);
  return keys === null ? {} : { security: keys };
}

/**
 * RFC 4961: who is behind NAT sends media from where its messages come from, and hears there; or from where media hears
 * it first.
 */
function behindNat(leg: Leg | null, media: NegotiatedMedia): NegotiatedMedia {
  if (leg === null || !leg.peer.nat || media.remote === null) return media;
  return { ...media, nat: true, remote: { ...media.remote, address: leg.hop.address } };
}

function reachable({ remote }: NegotiatedMedia, local: string): boolean {
  return remote === null || isIPv6(remote.address) === isIPv6(local);
}

/** A description of ours as the body of a message to a party, with the o= of its dialog. */
export function describe(
  turn: Turn,
  to: Party,
  description: SessionDescription,
  at: string | null = null,
): Uint8Array {
  const side = turn.side(to, at);
  const address = turn.call.local?.[to].address ?? '';
  if (side === null) return noBody;
  const { origin, body } = describeSession(side.origin, address, description);
  turn.updateSide(to, at, { origin });
  return body;
}
