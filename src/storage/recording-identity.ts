import { hkdfSync } from 'node:crypto';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';

/** A recording's own age identity: the only key that opens it. */
export interface RecordingIdentity {
  /** `AGE-SECRET-KEY-1...` */
  readonly identity: string;
  /** `age1...`, public. */
  readonly recipient: string;
  /** 32 bytes, see `spoolSecretOf`. */
  readonly spoolSecret: Uint8Array;
}

export async function createRecordingIdentity(): Promise<RecordingIdentity> {
  const identity = await generateX25519Identity();
  const recipient = await identityToRecipient(identity);
  return { identity, recipient, spoolSecret: spoolSecretOf(identity) };
}

/** Derived from the identity, so that destroying the identity destroys the live spool with it. */
export function spoolSecretOf(identity: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', identity, '', 'onrecord spool secret v1', 32));
}
