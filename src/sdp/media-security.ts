import { err, ok, type Result } from '../kernel/result.ts';
import type { SrtpKeys } from '../rtp/srtp/srtp-suites.ts';
import { type CryptoAttribute, cryptoAttributes } from './crypto-attribute.ts';
import type { MediaDescription } from './session-description.ts';

/** What is asked of a party's media: in clear, SRTP where the party can, SRTP alone. */
export type SrtpPolicy = 'off' | 'prefer' | 'require';

/** What a description of ours says of SRTP. */
export interface SaidSecurity {
  /** RTP/SAVP instead of RTP/AVP. */
  readonly isSecure: boolean;
  readonly crypto: readonly CryptoAttribute[];
}

export const inClear: SaidSecurity = { isSecure: false, crypto: [] };

/** RFC 3711 §12, RFC 5124 §3.1. */
export function isSecureProfile(proto: string): boolean {
  return /^RTP\/SAVPF?$/i.test(proto);
}

/** The same profile with or without security. */
export function withSecurity(proto: string, isSecure: boolean): string {
  if (isSecureProfile(proto) === isSecure || !/^RTP\/S?AVPF?$/i.test(proto)) return proto;
  return isSecure ? proto.replace(/AVP/i, 'SAVP') : proto.replace(/SAVP/i, 'AVP');
}

/**
 * Which line of an offer its answer takes (RFC 4568 §5.1.2): the first that can be used. Null: the answer is in clear.
 * In RTP/AVP lines may be there or not (RFC 8643 §3), and who wants no SRTP passes over them.
 */
export function chosenCrypto(
  offered: MediaDescription,
  policy: SrtpPolicy,
): Result<CryptoAttribute | null, 'no-security'> {
  const isSecure = isSecureProfile(offered.proto);
  if (policy === 'off') return isSecure ? err('no-security') : ok(null);
  const [first] = cryptoAttributes(offered.lines);
  if (first !== undefined) return ok(first);
  return isSecure || policy === 'require' ? err('no-security') : ok(null);
}

/**
 * What our description and the party's agree on: the line of the answer, which has the tag and suite of one in the offer
 * (RFC 4568 §5.1.3). Null: nothing, so media go in clear.
 */
export function agreedKeys(said: MediaDescription, described: MediaDescription): SrtpKeys | null {
  if (said.port === 0 || described.port === 0) return null;
  const theirs = cryptoAttributes(described.lines);
  for (const { tag, suite, key } of cryptoAttributes(said.lines)) {
    const match = theirs.find((one) => one.tag === tag && one.suite === suite);
    if (match !== undefined) return { suite, ours: key, theirs: match.key };
  }
  return null;
}

/** Whether an answer to our offer may stand: what is asked of the party is there, and no key is claimed that is not. */
export function isSecuredAnswer(
  said: MediaDescription,
  answer: MediaDescription,
  policy: SrtpPolicy,
): boolean {
  if (answer.port === 0 || agreedKeys(said, answer) !== null) return true;
  return policy !== 'require' && !isSecureProfile(answer.proto) && !offersCrypto(answer);
}

function offersCrypto({ lines }: MediaDescription): boolean {
  return cryptoAttributes(lines).length > 0;
}
