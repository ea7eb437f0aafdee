import type { Party } from './call-record.ts';

/** What a node holds in memory, and what one frame of the link carries with room to spare. */
export const mostNotRecorded = 100_000;

/** A number whose calls are never recorded. The number itself is nowhere. */
export interface DoNotRecordEntry {
  /** Hexadecimal, the first 128 bits of HMAC-SHA-256 of the number. */
  readonly hash: string;
  /** The key-encryption key that the HMAC's key was derived from. */
  readonly keyId: string;
  readonly note: string | null;
  readonly addedAt: string;
  readonly addedBy: string;
}

/** A party of a call has had its number listed, by the key that refuses. Hashed where the call is. */
export interface NumberListing extends Pick<DoNotRecordEntry, 'hash' | 'keyId'> {
  readonly id: string;
  readonly callId: string;
  readonly party: Party;
  readonly at: string;
}
