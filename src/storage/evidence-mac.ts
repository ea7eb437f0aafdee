import { createHmac, hkdfSync } from 'node:crypto';
import type { Kek } from './kek.ts';

/** Says of a digest that it was us who wrote it: who can change a row cannot make its MAC. */
export interface EvidenceMac {
  /** Of the key-encryption key that it comes of. */
  readonly keyId: string;
  /** Hexadecimal HMAC-SHA-256 (RFC 2104). */
  mac(digest: string): string;
}

const keyBytes = 32;
/** RFC 5869 §3.2: what the key is for, so that no other use of the KEK ever makes the same one. */
const info = 'onrecord evidence v1';

export function createEvidenceMac(kek: Kek): EvidenceMac {
  const key = Buffer.from(hkdfSync('sha256', kek.key, new Uint8Array(0), info, keyBytes));
  return {
    keyId: kek.id,
    mac: (digest) => createHmac('sha256', key).update(digest).digest('hex'),
  };
}
