import { randomFillSync } from 'node:crypto';
import type { WallMs } from './clock.ts';

/** Fills the given bytes with randomness; `node:crypto` in production, a seeded one in tests. */
export type RandomBytes = (length: number) => Uint8Array;

export const systemRandom: RandomBytes = (length) => randomFillSync(new Uint8Array(length));

/** What one system call draws for `pooledRandom`. */
const poolBytes = 8192;

/**
 * Randomness for names that are drawn by the dozen a call (branches, tags, ids): one system call for many of
 * them. Nothing is given out twice, and what was given out is wiped. Keys are `systemRandom`'s.
 */
export function pooledRandom(): RandomBytes {
  const pool = new Uint8Array(poolBytes);
  let used = poolBytes;
  return (length) => {
    if (length > poolBytes) return systemRandom(length);
    if (used + length > poolBytes) {
      randomFillSync(pool);
      used = 0;
    }
    const bytes = pool.slice(used, used + length);
    pool.fill(0, used, used + length);
    used += length;
    return bytes;
  };
}

/** A UUID of version 7 (RFC 9562 §5.7): 48 bits of Unix milliseconds, then 74 random bits. */
export function uuidV7(at: WallMs, random: RandomBytes): string {
  const bytes = random(16);
  let rest = Math.floor(at);
  for (let i = 5; i >= 0; i--) {
    bytes[i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  bytes[6] = 0x70 | ((bytes[6] ?? 0) & 0x0f);
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
  const hex = Buffer.from(bytes).toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** A random token of `length` bytes as lower-case hexadecimal: SIP tags, branches and Call-IDs. */
export function randomHex(length: number, random: RandomBytes): string {
  return Buffer.from(random(length)).toString('hex');
}
