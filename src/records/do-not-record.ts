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
