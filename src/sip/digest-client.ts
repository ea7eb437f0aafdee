import type { DigestChallenge } from './digest-challenge.ts';
import { quoteText } from './digest-params.ts';
import { digestResponse, wireText } from './digest-response.ts';
import type { SipRequest } from './message.ts';

/** What we are known by to a peer, as configured. It is told to nobody who asks in another realm. */
export interface DigestCredentials {
  readonly username: string;
  readonly password: string;
  readonly realm: string;
}

/** A challenge and how often it was answered: its nonce serves until the other side wants another. */
export interface DigestSession {
  readonly challenge: DigestChallenge;
  /** The same for all answers, as `-sess` wants it (RFC 7616 §3.4.2). */
  readonly clientNonce: string;
  readonly uses: number;
}

export interface Authorized {
  readonly session: DigestSession;
  /** The request with the credentials of this session, in place of older ones to the same place. */
  readonly request: SipRequest;
}

/** The request with credentials (RFC 7616 §3.4), and the session that has counted it. */
export function authorize(
  session: DigestSession,
  credentials: DigestCredentials,
  request: SipRequest,
): Authorized {
  const counted = { ...session, uses: session.uses + 1 };
  const headers = request.headers.clone();
  headers.set(session.challenge.answer, credentialsValue(counted, credentials, request));
  return { session: counted, request: { ...request, headers } };
}

/** Which values are quoted: RFC 7616 §3.4. */
function credentialsValue(
  { challenge, clientNonce, uses }: DigestSession,
  { username, password }: DigestCredentials,
  { method, uri, body }: SipRequest,
): string {
  const { realm, nonce, opaque, algorithm, algorithmName, qop } = challenge;
  const count = uses.toString(16).padStart(8, '0');
  const response = digestResponse({
    ...{ algorithm, realm, nonce, method, uri },
    ...{ username: wireText(username), password: wireText(password) },
    protection: qop === null ? null : { qop, count, clientNonce, body },
  });
  return [
    `Digest username=${quoteText(wireText(username))}`,
    `realm=${quoteText(realm)}`,
    `nonce=${quoteText(nonce)}`,
    `uri=${quoteText(uri)}`,
    `response="${response}"`,
    ...(algorithmName === null ? [] : [`algorithm=${algorithmName}`]),
    ...(opaque === null ? [] : [`opaque=${quoteText(opaque)}`]),
    ...(qop === null ? [] : [`cnonce=${quoteText(clientNonce)}`, `qop=${qop}`, `nc=${count}`]),
  ].join(', ');
}
