import type { KeyRecord } from '../../records/key-record.ts';

/** Makes a recording's identity, wrapped for the key store, and the secret that its spool's keys come from. */
export interface RecordingKeys {
  create(recordingId: string): Promise<{ readonly key: KeyRecord; readonly spoolSecret: Uint8Array }>;
  /** The spool secret and recipient of a recording whose wrapped identity is at hand; null: another KEK wrapped it. */
  open(key: KeyRecord): { readonly recipient: string; readonly spoolSecret: Uint8Array } | null;
}
