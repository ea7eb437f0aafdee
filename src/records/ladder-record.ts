import type { Party } from './call-record.ts';

/** A dialog of a call: the caller's, or one with a target that was tried. */
export interface LadderLeg {
  readonly party: Party;
  readonly peerId: string;
  readonly sipCallId: string;
}

export interface LadderMessage {
  /** Unix milliseconds. */
  readonly at: number;
  /** Since the first message, on the monotonic clock. */
  readonly offsetMs: number;
  /** Which of the legs. */
  readonly leg: number;
  readonly direction: 'received' | 'sent';
  readonly transport: string;
  /** `192.0.2.1:5060`. */
  readonly local: string;
  readonly remote: string;
  /** The same bytes had been seen in this direction before. */
  readonly again: boolean;
  /** On the wire. */
  readonly size: number;
  /** Whether it was longer than what is kept of a message. */
  readonly cut: boolean;
  /** Without secrets and digits. Each character is a byte. */
  readonly text: string;
}

/** The SIP messages of one call, both legs, in their order. */
export interface Ladder {
  readonly legs: readonly LadderLeg[];
  readonly messages: readonly LadderMessage[];
  /** Messages that were not kept; they came right before `messages[resumesAt]`. */
  readonly skipped: number;
  readonly resumesAt: number;
}

/** A ladder on its way to the database and in it: evidence of nothing, so a node may lose it. */
export interface PackedLadder {
  readonly callId: string;
  /** Base64 of the ladder's JSON, deflated (RFC 1951). */
  readonly packed: string;
}
