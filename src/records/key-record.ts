/** A recording's age identity, wrapped by the key-encryption key. Destroying every copy is the deletion. */
export interface KeyRecord {
  readonly recordingId: string;
  /** Which KEK wrapped it: the first 16 hexadecimal digits of the KEK's SHA-256. */
  readonly kekId: string;
  /** Base64 of nonce, ciphertext and tag. */
  readonly wrapped: string;
  /** The age recipient (`age1...`), public. */
  readonly recipient: string;
  readonly createdAt: string;
}
