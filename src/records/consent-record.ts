import type { ChainLink } from './chain-link.ts';
import type { Party } from './call-record.ts';

/** How the telling of one leg ended. */
export const consentOutcomes = [
  /** The prompt went out whole and the party was still there. */
  'told',
  /** The same, and it could have refused by a key, and did not. */
  'stayed',
  /** It has pressed the key that agrees. */
  'agreed',
  /** It was asked to agree, and did not in time. */
  'declined',
  /** It has pressed the key that refuses. */
  'opted-out',
  /** The party or the other one left before the prompt had ended, or before it had agreed. */
  'left',
  /** Somebody else announces (`announce: elsewhere`); `text` says what is said. */
  'elsewhere',
  /** It could not be played. */
  'failed',
  /** It is not recorded: no rule says so, a rule says never, or the other party has refused. */
  'not-recorded',
  /** The party was sent elsewhere by the other one, where we do not see who is told what. */
  'beyond-sight',
] as const;
export type ConsentOutcome = (typeof consentOutcomes)[number];

/**
 * When it was told: before anybody was dialled, at the answer, when somebody asked for a recording in mid-call, or when
 * it joined a call that was up.
 */
export const consentMoments = ['before-connect', 'on-answer', 'on-demand', 'joined'] as const;
export type ConsentMoment = (typeof consentMoments)[number];

/** What a party may answer: nothing, a key that refuses, a key that agrees. */
export const consentKinds = ['notice', 'opt-out', 'opt-in'] as const;
export type ConsentKind = (typeof consentKinds)[number];

/** What the evidence of one leg says. Written once. */
export interface ConsentFacts {
  readonly id: string;
  readonly callId: string;
  readonly recordingId: string | null;
  readonly legId: string;
  readonly party: Party;
  readonly outcome: ConsentOutcome;
  readonly moment: ConsentMoment;
  readonly consent: ConsentKind;
  /** The key that was pressed: one of `0`-`9`, `*`, `#`. */
  readonly key: string | null;
  /** When the outcome stood. */
  readonly at: string;
  readonly ruleId: string | null;
  /** Null: nobody was to be recorded. */
  readonly purpose: string | null;
  readonly text: string;
  /** The rest is null where no prompt of ours was owed. */
  readonly promptId: string | null;
  /** Hexadecimal SHA-256 over id, language, purpose, text and audio of the prompt. */
  readonly promptVersion: string | null;
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
  /** RFC 3339, of a call without a recording; null: as long as the recording. */
  readonly retainUntil: string | null;
}

/** The evidence of what one leg was told, tied to what was written of the call before. */
export type ConsentRecord = ConsentFacts & ChainLink;
