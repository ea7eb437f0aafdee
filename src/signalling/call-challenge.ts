import { parseCSeq } from '../sip/cseq.ts';
import { type Challenges, type DigestChallenge, readChallenges } from '../sip/digest-challenge.ts';
import { authorize, type DigestCredentials, type DigestSession } from '../sip/digest-client.ts';
import type { SipRequest, SipResponse } from '../sip/message.ts';
import type { CallEffect, CallEvent, Leg } from './call-state.ts';
import type { Turn } from './turn.ts';

type Send = Extract<CallEffect, { type: 'send' }>;

/** Digest of a call, towards peers that we have credentials for. */
export interface ChallengeState {
  /** By Call-ID of a leg: the challenges that its requests are answering. */
  readonly sessions: ReadonlyMap<string, readonly DigestSession[]>;
  /** By client transaction: requests without a final response, as they were before credentials. */
  readonly sent: ReadonlyMap<string, SentRequest>;
}

interface SentRequest {
  readonly send: Send;
  /** Where challenges to this very request were answered. */
  readonly answered: readonly DigestChallenge['answer'][];
}

export const noChallenges: ChallengeState = { sessions: new Map(), sent: new Map() };

/** One answer to a challenge, and one more where the nonce was stale or a second server asks. */
const maxAnswers = 2;

/**
 * Whether the event was a challenge and our request goes out again with credentials (RFC 3261 §22.2, §22.3): then
 * it means nothing to the rest of the call, for which the request has still no answer.
 */
export function meetsChallenge(turn: Turn, event: CallEvent): boolean {
  if (event.type !== 'response' && event.type !== 'client-failed') return false;
  if (event.type === 'response' && event.response.status < 200) return false;
  const sent = forgetSent(turn, event.client);
  return event.type === 'response' && isChallenge(event.response) && answer(turn, event.response, sent);
}

function isChallenge({ status }: SipResponse): boolean {
  return status === 401 || status === 407;
}

function forgetSent(turn: Turn, client: string): SentRequest | null {
  const { challenges } = turn.call;
  const entry = challenges.sent.get(client);
  if (entry === undefined) return null;
  const sent = new Map(challenges.sent);
  sent.delete(client);
  turn.update({ challenges: { ...challenges, sent } });
  return entry;
}

function answer(turn: Turn, response: SipResponse, sent: SentRequest | null): boolean {
  const leg = legOf(turn, response.headers.first('call-id'));
  if (leg === null) return false;
  const { credentials } = leg.peer;
  const challenges = readChallenges(response, credentials?.realm ?? '');
  const open = challenges.chosen.filter(({ answer: place, stale }) => {
    const tried = sent?.answered.includes(place) ?? false;
    return !tried || stale;
  });
  if (credentials === null || sent === null || open.length === 0 || sent.answered.length >= maxAnswers) {
    warn(turn, leg, challenges);
    return false;
  }
  if (!isWanted(turn, leg, sent.send)) return false;
  remember(turn, leg.callId, open);
  const request = withNextNumber(turn, leg, sent.send.request);
  const answered = [...sent.answered, ...open.map(({ answer: place }) => place)];
  turn.emit({ ...sent.send, request });
  keepSent(turn, { send: { ...sent.send, request }, answered });
  return true;
}

function legOf({ call }: Turn, callId: string | null): Leg | null {
  return [call.caller, call.callee].find((leg) => leg?.callId === callId) ?? null;
}

/** Whether anybody still waits for this request: it was not cancelled, and nothing but a BYE follows a BYE. */
function isWanted({ call }: Turn, leg: Leg, { client, request }: Send): boolean {
  if (request.method === 'BYE') return call.byes.has(client);
  const { exchange } = call;
  if (exchange?.client === client && exchange.cancelled) return false;
  return leg.state !== 'cancelling' && leg.state !== 'closing' && leg.state !== 'closed';
}

function remember(turn: Turn, callId: string, chosen: readonly DigestChallenge[]): void {
  const { challenges, tokens } = turn.call;
  const places = chosen.map(({ answer: place }) => place);
  const others = (challenges.sessions.get(callId) ?? []).filter(
    ({ challenge }) => !places.includes(challenge.answer),
  );
  const fresh = chosen.map((challenge) => ({ challenge, clientNonce: tokens.clientNonce, uses: 0 }));
  const sessions = new Map(challenges.sessions).set(callId, [...others, ...fresh]);
  turn.update({ challenges: { ...challenges, sessions } });
}

/** RFC 3261 §22.2: the same Call-ID, From and To, and a CSeq one higher; within a dialog, the dialog's next. */
function withNextNumber(turn: Turn, leg: Leg, request: SipRequest): SipRequest {
  const last = parseCSeq(request.headers.first('cseq') ?? '')?.number ?? 0;
  const at = placeOf(turn, leg, request.headers.first('to') ?? '');
  const dialog = turn.side(leg.party, at)?.dialog ?? null;
  const inDialog = dialog !== null && request.headers.first('to') === dialog.remote;
  const number = Math.max(last, inDialog ? (dialog.localCSeq ?? 0) : 0) + 1;
  if (inDialog) turn.updateSide(leg.party, at, { dialog: { ...dialog, localCSeq: number } });
  const headers = request.headers.clone().set('CSeq', `${number} ${request.method}`);
  return { ...request, headers };
}

/** The fork in whose dialog requests have this To; null: the confirmed dialog, or none. */
function placeOf({ call }: Turn, { party }: Leg, to: string): string | null {
  return call.forks.find((fork) => fork[party].dialog?.remote === to)?.callerTag ?? null;
}

function keepSent(turn: Turn, entry: SentRequest): void {
  const { challenges } = turn.call;
  const sent = new Map(challenges.sent).set(entry.send.client, entry);
  turn.update({ challenges: { ...challenges, sent } });
}

/**
 * Last in each step: requests to a peer that we have credentials for are kept until their final response, and
 * carry credentials as soon as a nonce is known, without being asked again (RFC 3261 §22.2, §22.3).
 */
export function addCredentials(turn: Turn): void {
  for (const [at, effect] of turn.effects.entries()) {
    if (effect.type !== 'send') continue;
    const leg = legOf(turn, effect.request.headers.first('call-id'));
    if (leg === null || leg.peer.credentials === null) continue;
    if (!turn.call.challenges.sent.has(effect.client)) keepSent(turn, { send: effect, answered: [] });
    const request = authorized(turn, leg, leg.peer.credentials, effect.request);
    turn.effects[at] = { ...effect, request };
    // The ACK to its 2xx carries the credentials of the INVITE (RFC 3261 §22.1).
    const { client } = effect;
    if (leg.invite?.client === client) turn.updateLeg(leg.party, { invite: { client, request } });
  }
}

function authorized(turn: Turn, leg: Leg, credentials: DigestCredentials, request: SipRequest): SipRequest {
  const { challenges } = turn.call;
  let done = request;
  const counted: DigestSession[] = [];
  for (const session of challenges.sessions.get(leg.callId) ?? []) {
    const next = authorize(session, credentials, done);
    done = next.request;
    counted.push(next.session);
  }
  if (counted.length === 0) return request;
  const sessions = new Map(challenges.sessions).set(leg.callId, counted);
  turn.update({ challenges: { ...challenges, sessions } });
  return done;
}

/** Who has to find out why a trunk lets nobody in needs both realms, the asked one and the configured. */
function warn(turn: Turn, { peer }: Leg, { realms, chosen }: Challenges): void {
  const configuredRealm = peer.credentials?.realm ?? null;
  const met = configuredRealm !== null && chosen.length > 0;
  const askedRealm = realms.slice(0, 4).map(printable).join(', ');
  turn.emit({
    ...{ type: 'warn', event: met ? 'credentials-refused' : 'challenge-unmet' },
    fields: { peer: peer.id, askedRealm, configuredRealm },
  });
}

/** A realm is what a stranger wrote. */
function printable(realm: string): string {
  return realm.slice(0, 64).replace(/[^\x20-\x7e]/g, '?');
}
