import { type Clock, rfc3339 } from '../kernel/clock.ts';
import type { RandomBytes } from '../kernel/ids.ts';
import type { KeyRecord } from '../records/key-record.ts';
import { type Kek, unwrapSecret, wrapSecret } from './kek.ts';
import { createRecordingIdentity, spoolSecretOf } from './recording-identity.ts';

/** Makes recordings' keys and opens them again; holds the KEK and nothing else. */
export interface RecordingKeys {
  create(recordingId: string): Promise<{ readonly key: KeyRecord; readonly spoolSecret: Uint8Array }>;
  /** Null: another KEK wrapped it, or the record was changed. */
  open(key: KeyRecord): { readonly recipient: string; readonly spoolSecret: Uint8Array } | null;
  /** The age identity itself (`AGE-SECRET-KEY-1...`): for reading a recording, and for `key export`. */
  identity(key: KeyRecord): string | null;
}

export function createRecordingKeys(deps: {
  readonly kek: Kek;
  readonly random: RandomBytes;
  readonly clock: Clock;
}): RecordingKeys {
  const { kek, random, clock } = deps;
  const identity = (key: KeyRecord): string | null => {
    const secret = unwrapSecret(kek, key.recordingId, key);
    return secret === null ? null : Buffer.from(secret).toString('latin1');
  };
  return {
    async create(recordingId) {
      const made = await createRecordingIdentity();
      const wrapped = wrapSecret(kek, recordingId, Buffer.from(made.identity, 'latin1'), random);
      const createdAt = rfc3339(clock.wall());
      return {
        key: { recordingId, ...wrapped, recipient: made.recipient, createdAt },
        spoolSecret: made.spoolSecret,
      };
    },
    open(key) {
      const secret = identity(key);
      return secret === null ? null : { recipient: key.recipient, spoolSecret: spoolSecretOf(secret) };
    },
    identity,
  };
}
