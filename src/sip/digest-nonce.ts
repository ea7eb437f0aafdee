import { createHmac, timingSafeEqual } from 'node:crypto';

/**
 * Nonces that nobody has to remember (RFC 7616 §3.3): when it was made, something random, and a MAC over both and
 * what it is for, so that one made for a peer serves no other.
 *
 *     0           6               14                                  30
 *     | issued ms |    random     |          HMAC-SHA-256, cut        |
 */
const issuedBytes = 6;
const randomBytes = 8;
const macBytes = 16;
const headBytes = issuedBytes + randomBytes;

/** How many random bytes `makeNonce` wants. */
export const nonceRandomBytes = randomBytes;

export interface NonceKey {
  readonly secret: Uint8Array;
  readonly purpose: string;
}

/** `issuedAt` in whole milliseconds of the clock that is asked again. */
export function makeNonce(key: NonceKey, issuedAt: number, random: Uint8Array): string {
  const head = Buffer.alloc(headBytes);
  head.writeUIntBE(issuedAt, 0, issuedBytes);
  head.set(random.subarray(0, randomBytes), issuedBytes);
  return Buffer.concat([head, mac(key, head)]).toString('hex');
}

/** When this nonce was made; null: not by us, or for something else. */
export function nonceIssuedAt(key: NonceKey, nonce: string): number | null {
  if (nonce.length !== 2 * (headBytes + macBytes) || !/^[0-9a-f]+$/.test(nonce)) return null;
  const bytes = Buffer.from(nonce, 'hex');
  const head = bytes.subarray(0, headBytes);
  return timingSafeEqual(bytes.subarray(headBytes), mac(key, head)) ? head.readUIntBE(0, issuedBytes) : null;
}

function mac({ secret, purpose }: NonceKey, head: Uint8Array): Buffer {
  return createHmac('sha256', secret).update(head).update(purpose).digest().subarray(0, macBytes);
}
