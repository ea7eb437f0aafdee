import { randomHex, type RandomBytes } from '../../kernel/ids.ts';
import { type DigestChallenge, readChallenges } from '../../sip/digest-challenge.ts';
import { authorize, type DigestSession } from '../../sip/digest-client.ts';
import type { SipRequest, SipResponse } from '../../sip/message.ts';
import type { Peer } from '../peers.ts';

/** Answers challenges to REGISTER: one, and one more where the nonce was stale or a second server asks. */
const maxAnswers = 2;

/** The digest of one registration: its nonces serve the refreshes too (RFC 3261 §22.2). */
export class RegisterDigest {
  readonly #peer: Peer;
  readonly #random: RandomBytes;
  #sessions: readonly DigestSession[] = [];
  #answered: DigestChallenge['answer'][] = [];
  /** The realm of a challenge that could not be met; null: none was asked. */
  askedRealm: string | null = null;

  constructor(peer: Peer, random: RandomBytes) {
    this.#peer = peer;
    this.#random = random;
  }

  /** A new request: its challenges are counted anew. */
  begin(): void {
    this.#answered = [];
    this.askedRealm = null;
  }

  /** The request with credentials, as far as a nonce is known. */
  authorized(request: SipRequest): SipRequest {
    const { credentials } = this.#peer;
    if (credentials === null) return request;
    let done = request;
    this.#sessions = this.#sessions.map((session) => {
      const next = authorize(session, credentials, done);
      done = next.request;
      return next.session;
    });
    return done;
  }

  /** The request once more, with an answer to the challenge; null: it was none, or it cannot be met. */
  answer(response: SipResponse, request: SipRequest, cseq: number): SipRequest | null {
    if (response.status !== 401 && response.status !== 407) return null;
    const { credentials } = this.#peer;
    const { realms, chosen } = readChallenges(response, credentials?.realm ?? '');
    const open = chosen.filter(({ answer, stale }) => stale || !this.#answered.includes(answer));
    if (credentials === null || open.length === 0 || this.#answered.length >= maxAnswers) {
      this.askedRealm = (realms[0] ?? '').slice(0, 64).replace(/[^\x20-\x7e]/g, '?');
      this.#sessions = [];
      return null;
    }
    const places = open.map(({ answer }) => answer);
    this.#answered.push(...places);
    const others = this.#sessions.filter(({ challenge }) => !places.includes(challenge.answer));
    const clientNonce = randomHex(8, this.#random);
    this.#sessions = [...others, ...open.map((challenge) => ({ challenge, clientNonce, uses: 0 }))];
    const headers = request.headers.clone().set('CSeq', `${cseq} REGISTER`);
    return this.authorized({ ...request, headers });
  }
}
