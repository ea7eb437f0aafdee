import { type Challenges, type DigestChallenge, readChallenges } from '../sip/digest-challenge.ts';
import { authorize, type DigestCredentials, type DigestSession } from '../sip/digest-client.ts';
import type { SipRequest, SipResponse } from '../sip/message.ts';
import type { Leg } from './call-state.ts';
import { isWanted, legWith, sendAgain, type SentRequest } from './sent-requests.ts';
import type { Turn } from './turn.ts';

/** By Call-ID of a leg: the challenges that its requests are answering. */
export type DigestSessions = ReadonlyMap<string, readonly DigestSession[]>;

/** One answer to a challenge, and one more where the nonce was stale or a second server asks. */
const maxAnswers = 2;

/**
 * Whether the answer to a request of ours was a challenge, and it goes out again with credentials (RFC 3261 §22.2,
 * §22.3). Then it means nothing to the rest of the call, for which the request has still no answer.
 */
export function meetsChallenge(turn: Turn, leg: Leg, sent: SentRequest, response: SipResponse): boolean {
  if (response.status !== 401 && response.status !== 407) return false;
  const { credentials } = leg.peer;
  const challenges = readChallenges(response, credentials?.realm ?? '');
  const open = challenges.chosen.filter(({ answer, stale }) => stale || !sent.again.includes(answer));
  const answers = sent.again.filter((why) => why !== '422').length;
  if (credentials === null || open.length === 0 || answers >= maxAnswers) {
    warn(turn, leg, challenges);
    return false;
  }
  if (!isWanted(turn, leg, sent)) return false;
  remember(turn, leg.callId, open);
  sendAgain(turn, leg, sent, { why: open.map(({ answer }) => answer) });
  return true;
}

function remember(turn: Turn, callId: string, chosen: readonly DigestChallenge[]): void {
  const { digests, tokens } = turn.call;
  const places = chosen.map(({ answer }) => answer);
  const others = (digests.get(callId) ?? []).filter(({ challenge }) => !places.includes(challenge.answer));
  const fresh = chosen.map((challenge) => ({ challenge, clientNonce: tokens.clientNonce, uses: 0 }));
  turn.update({ digests: new Map(digests).set(callId, [...others, ...fresh]) });
}

/**
 * Last in each step: requests to a peer that we have credentials for carry them as soon as a nonce is known, without
 * being asked again (RFC 3261 §22.2, §22.3).
 */
export function addCredentials(turn: Turn): void {
  for (const [at, effect] of turn.effects.entries()) {
    if (effect.type !== 'send') continue;
    const leg = legWith(turn, effect.request.headers.first('call-id'));
    if (leg === null || leg.peer.credentials === null) continue;
    const request = authorized(turn, leg, leg.peer.credentials, effect.request);
    turn.effects[at] = { ...effect, request };
    // The ACK to its 2xx carries the credentials of the INVITE (RFC 3261 §22.1).
    const { client } = effect;
    if (leg.invite?.client === client) turn.updateLeg(leg.party, { invite: { client, request } });
  }
}

function authorized(turn: Turn, leg: Leg, credentials: DigestCredentials, request: SipRequest): SipRequest {
  const { digests } = turn.call;
  let done = request;
  const counted: DigestSession[] = [];
  for (const session of digests.get(leg.callId) ?? []) {
    const next = authorize(session, credentials, done);
    done = next.request;
    counted.push(next.session);
  }
  if (counted.length === 0) return request;
  turn.update({ digests: new Map(digests).set(leg.callId, counted) });
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
