import { createCipheriv } from 'node:crypto';
import type { MasterKey, SrtpSuite } from './srtp-suites.ts';

/** What RTP or RTCP of one direction is protected with. */
export interface SessionKeys {
  readonly encryption: Uint8Array;
  /** Empty where the mode has a tag of its own. */
  readonly authentication: Uint8Array;
  readonly salt: Uint8Array;
}

/** RFC 3711 §4.3.2: labels of encryption, authentication and salt. */
const labels = { rtp: [0, 1, 2], rtcp: [3, 4, 5] } as const;

/** RFC 3711 §5.2: HMAC-SHA1's key has 160 bits. */
const authenticationBytes = 20;

const blockBytes = 16;
/** RFC 3711 §4.3.1: a key id of 56 bits, right-aligned to the 112 bits of the salt. */
const labelAt = 7;

/** The session keys of a master key, whose key derivation rate is 0: derived once (RFC 3711 §4.3.1). */
export function deriveSessionKeys(
  { key, salt }: MasterKey,
  suite: SrtpSuite,
  stream: 'rtp' | 'rtcp',
): SessionKeys {
  const [encryption, authentication, salting] = labels[stream];
  return {
    encryption: derive(key, salt, encryption, suite.keyBytes),
    authentication: derive(key, salt, authentication, suite.mode === 'counter' ? authenticationBytes : 0),
    salt: derive(key, salt, salting, suite.saltBytes),
  };
}

/** RFC 3711 §4.3.3: AES in counter mode, from the salt with the label in it; RFC 7714 §11 for a shorter salt. */
function derive(key: Uint8Array, salt: Uint8Array, label: number, length: number): Uint8Array {
  const counter = new Uint8Array(blockBytes);
  counter.set(salt);
  counter[labelAt] = (counter[labelAt] ?? 0) ^ label;
  const cipher = createCipheriv(key.length === 32 ? 'aes-256-ctr' : 'aes-128-ctr', key, counter);
  return Uint8Array.from(cipher.update(new Uint8Array(length)));
}
