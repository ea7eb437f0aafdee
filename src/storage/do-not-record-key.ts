import { hkdfSync } from 'node:crypto';
import type { Kek } from './kek.ts';

const keyBytes = 32;

/**
 * The key by which numbers that are never recorded are hashed: HKDF-SHA-256 (RFC 5869) of the KEK, without salt, so that
 * every node that has the KEK has it, and whoever takes the database alone cannot try numbers.
 */
export function doNotRecordKey({ key }: Kek): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', key, new Uint8Array(), 'onrecord do-not-record 1', keyBytes));
}
