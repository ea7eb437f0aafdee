import type { Party } from './call-record.ts';

/** How the telling of one leg ended. */
export type ConsentOutcome =
  /** The prompt went out whole and the party was still there. */
  | 'told'
  /** The party or the other one left before the prompt had ended. */
  | 'left'
  /** Somebody else announces (`announce: elsewhere`); `text` says what is said. */
  | 'elsewhere'
  /** It could not be played. */
  | 'failed';

/** The evidence of what one leg was told. Written once. */
export interface ConsentRecord {
  readonly id: string;
  readonly callId: string;
  readonly recordingId: string | null;
  readonly legId: string;
  readonly party: Party;
  readonly outcome: ConsentOutcome;
  readonly purpose: string;
  readonly text: string;
  /** The rest is null for `elsewhere`. */
  readonly promptId: string | null;
  readonly language: string | null;
  /** Hexadecimal SHA-256 of the prompt's linear samples (16 bit, little-endian), before the codec. */
  readonly audioSha256: string | null;
  readonly codec: string | null;
  readonly packetsSent: number | null;
  readonly packetsExpected: number | null;
  readonly firstPacketAt: string | null;
  readonly lastPacketAt: string | null;
  /** Whether the party's leg was up when the last packet had gone. */
  readonly presentAtEnd: boolean | null;
}
