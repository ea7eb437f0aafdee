import { type DigestAlgorithm, digestHash } from './digest-algorithm.ts';

/** What a response is made of (RFC 7616 §3.4.1). Text is as on the wire, each character one byte. */
export interface DigestInput {
  readonly algorithm: DigestAlgorithm;
  readonly username: string;
  readonly realm: string;
  readonly password: string;
  readonly nonce: string;
  readonly method: string;
  readonly uri: string;
  /** Null: the challenge had none, as before RFC 2617. */
  readonly protection: DigestProtection | null;
}

interface DigestProtection {
  readonly qop: 'auth' | 'auth-int';
  /** Eight hexadecimal digits. */
  readonly count: string;
  readonly clientNonce: string;
  /** For `auth-int`. */
  readonly body: Uint8Array;
}

/** The `response` value, of lower-case hexadecimal digits. */
export function digestResponse(input: DigestInput): string {
  const { algorithm, nonce, method, uri, protection } = input;
  const secret = digestHash(algorithm, firstPart(input));
  if (protection === null) {
    // RFC 3261 §22.4 item 6 keeps the computation of RFC 2069.
    return digestHash(algorithm, `${secret}:${nonce}:${digestHash(algorithm, `${method}:${uri}`)}`);
  }
  const { qop, count, clientNonce, body } = protection;
  // RFC 7616 §3.4.3.
  const integrity = qop === 'auth-int' ? `:${digestHash(algorithm, body)}` : '';
  const request = digestHash(algorithm, `${method}:${uri}${integrity}`);
  return digestHash(algorithm, `${secret}:${nonce}:${count}:${clientNonce}:${qop}:${request}`);
}

/** RFC 7616 §3.4.2, A1. */
function firstPart({ algorithm, username, realm, password, nonce, protection }: DigestInput): string {
  const plain = `${username}:${realm}:${password}`;
  if (!algorithm.session) return plain;
  return `${digestHash(algorithm, plain)}:${nonce}:${protection?.clientNonce ?? ''}`;
}

/** Text of the configuration as the bytes that go out: UTF-8 (RFC 7616 §4; SIP's quoted strings have no other). */
export function wireText(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}
