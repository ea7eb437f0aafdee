import type { Clock } from '../../kernel/clock.ts';
import type { RandomBytes } from '../../kernel/ids.ts';
import type { Logger } from '../../kernel/logger.ts';
import type { Schedule } from '../../kernel/timers.ts';
import type { TagParties } from '../../policy/options.ts';
import type { EndReason, Party } from '../../records/call-record.ts';
import type { DigestMac } from '../../records/consent-chain.ts';
import type { KeyRecord } from '../../records/key-record.ts';
import type { RecordEvent } from '../../records/record-event.ts';
import type { RecordingKeys } from '../../storage/recording-keys.ts';
import type { RecorderPool } from '../recorder-pool.ts';
import type { FoundRecording } from './recovery.ts';
import type { Unrecorded } from './verdict.ts';

/** Everything a call's session needs of the node. */
export interface SessionDeps {
  readonly nodeId: string;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly logger: Logger;
  readonly recorders: RecorderPool;
  readonly keys: RecordingKeys;
  /** Durable when resolved. Rejects when the disk does not take it; what rejected is kept and tried again. */
  readonly journal: { append(events: readonly RecordEvent[]): Promise<void> };
  /** Makes of a spool what can be made; null where there was nothing. */
  readonly recover: (key: KeyRecord) => Promise<FoundRecording | null>;
  /** Signs evidence and sealed recordings. */
  readonly mac: DigestMac;
  /** How long the evidence of a call without a recording is kept. */
  readonly keepEvidenceMs: number;
  /** Key and object of a recording: gone for good. */
  readonly destroy: (recordingId: string, objectKey: string | null) => Promise<void>;
  /** Where a party that refuses for good is put. */
  readonly unrecorded: Pick<Unrecorded, 'keyId'> & { readonly list: Pick<Unrecorded['list'], 'add'> };
  /** Whether signalling takes the party's keys for us. */
  readonly askKeys: (callId: string, party: Party, on: boolean) => void;
  /** The callee of a call whose caller had to hear something first. */
  readonly dial: (callId: string) => void;
  readonly tagParties: TagParties;
  readonly schedule: Schedule;
  readonly hangUp: (callId: string, reason: EndReason) => void;
  readonly alarm: (reason: string) => void;
}
