/** What ties a piece of evidence to what was written of its call before. */
export interface ChainLink {
  /** 0 for the first of a call. */
  readonly position: number;
  /** Digest of the one before; null for the first. */
  readonly previous: string | null;
  /** Hexadecimal SHA-256 over everything else but the MAC, as canonical JSON. */
  readonly digest: string;
  /** Hexadecimal HMAC-SHA-256 of the digest, under a key that comes of this KEK. */
  readonly macKeyId: string;
  readonly mac: string;
}
