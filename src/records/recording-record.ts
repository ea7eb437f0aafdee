import type { Party } from './call-record.ts';

/**
 * `expected` is journalled before media opens; `recording` once the first sample is owed; then exactly one
 * of `sealed`, `interrupted` (the node died, what was written is kept), `failed` (it should be there and is
 * not) or `none` (it rightly did not come about). The rest belongs to governance.
 */
export type RecordingState =
  | 'expected'
  | 'recording'
  | 'sealed'
  | 'interrupted'
  | 'failed'
  | 'none'
  | 'archived'
  | 'restricted'
  | 'deleted';

/** `wav` is linear PCM of 16 bit; the laws of G.711 take half of it. */
export const recordingFormats = ['wav', 'wav-alaw', 'wav-mulaw', 'mp3'] as const;
export type RecordingFormat = (typeof recordingFormats)[number];
/** What a file's name ends with, and what a listener may ask for. */
export type FileKind = 'wav' | 'mp3';
export type RecordingChannels = 'stereo' | 'mono';

/**
 * Where a channel's time went. Every slot is exactly one of these, so that each channel's sum is the
 * recording's length.
 */
export interface ChannelLedger {
  readonly party: Party;
  /** Packets, comfort noise, DTX and telephone events. */
  readonly receivedMs: number;
  /** Loss that concealment filled with audio. */
  readonly concealedMs: number;
  readonly heldMs: number;
  readonly pausedMs: number;
  /** Expected and silent. */
  readonly lostMs: number;
}

/** A recording's metadata; a versioned snapshot like `CallRecord`. */
export interface RecordingRecord {
  readonly id: string;
  readonly callId: string;
  readonly version: number;
  readonly nodeId: string;
  readonly state: RecordingState;
  /** Why it is `none`, `failed` or `interrupted`, or `sealed` before its call ended: a slug. */
  readonly reason: string | null;
  readonly format: RecordingFormat;
  readonly channels: RecordingChannels;
  /** Hz. */
  readonly sampleRate: number;
  readonly startedAt: string | null;
  readonly durationMs: number | null;
  /** Of the audio as served, before encryption. */
  readonly sizeBytes: number | null;
  /** Hexadecimal SHA-256 of the audio as served. */
  readonly sha256: string | null;
  /** Key of the sealed object in storage, and the SHA-256 of its ciphertext. */
  readonly objectKey: string | null;
  readonly objectSha256: string | null;
  /** Hexadecimal SHA-256 of the manifest beside it. */
  readonly manifestSha256: string | null;
  /** Digest of the last evidence of its call when this was written. */
  readonly consentDigest: string | null;
  /** MAC over what a sealed recording is (`recording-seal`); null before it is sealed. */
  readonly seal: string | null;
  readonly ledger: readonly ChannelLedger[];
  readonly purpose: string;
  /** What the purpose and its legal basis were when the call began; null of a recording from before they were kept. */
  readonly purposeText: string | null;
  readonly legalBasis: string | null;
  /** RFC 3339; null: no retention configured. */
  readonly retainUntil: string | null;
  readonly hold: boolean;
  /** `failed`, and what was spooled of it waits for room to be sealed in. The proxy's alone: no database has it. */
  readonly spooled?: boolean;
}

export function fileKind(format: RecordingFormat): FileKind {
  return format === 'mp3' ? 'mp3' : 'wav';
}

/** States in which the proxy still owes something: the reconciler's question. */
export function isOpen(state: RecordingState): boolean {
  return state === 'expected' || state === 'recording';
}

/** Whether the proxy has not finished with it: its journal keeps it, and its key, for the next start. */
export function isOwed({ state, spooled }: Pick<RecordingRecord, 'state' | 'spooled'>): boolean {
  return isOpen(state) || spooled === true;
}
