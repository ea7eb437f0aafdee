import type { CallRecord, Direction, Outcome } from './call-record.ts';
import type { Evidence } from './consent-chain.ts';
import type { ConsentRecord } from './consent-record.ts';
import type { ControlEvent } from './control-event.ts';
import type { DoNotRecordEntry } from './do-not-record.ts';
import type { KeyRecord } from './key-record.ts';
import type { PackedLadder } from './ladder-record.ts';
import type { PromptReceipt } from './prompt-receipt.ts';
import type { PolicyVersion } from './policy-version.ts';
import type { RecordEvent } from './record-event.ts';
import type { RecordingRecord, RecordingState } from './recording-record.ts';

/** One page of a list, newest first. `nextCursor` is opaque and null on the last page. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly nextCursor: string | null;
}

export interface PageRequest {
  readonly limit: number;
  readonly cursor: string | null;
}

export interface CallFilter {
  readonly since?: string;
  readonly until?: string;
  /** Matches either party. */
  readonly number?: string;
  readonly extension?: string;
  readonly queue?: string;
  readonly direction?: Direction;
  readonly outcome?: Outcome;
  /** Whether the call has a recording that can be played. */
  readonly recorded?: boolean;
  /** Free text over from, to, extension and queue. */
  readonly q?: string;
}

export interface RecordingFilter {
  readonly callId?: string;
  readonly state?: RecordingState;
  readonly since?: string;
  readonly until?: string;
}

/** What a party was told, and what it reported of it: the report that reaches furthest. */
export interface ConsentDetail extends ConsentRecord {
  readonly reported: Pick<PromptReceipt, 'packets' | 'lost' | 'roundTripMs' | 'at'> | null;
}

/** A call with what belongs to it, as the API shows it. */
export interface CallDetail {
  readonly call: CallRecord;
  readonly recordings: readonly RecordingRecord[];
  readonly consent: readonly ConsentDetail[];
  readonly control: readonly ControlEvent[];
}

/** A cursor that was not ours. */
export type CursorFault = 'bad-cursor';

export interface RecordStore {
  /** Stores a batch in one transaction, keys first. Idempotent; an older version never replaces a newer. */
  store(events: readonly RecordEvent[]): Promise<void>;
  call(id: string): Promise<CallDetail | null>;
  calls(filter: CallFilter, page: PageRequest): Promise<Page<CallDetail> | CursorFault>;
  recording(id: string): Promise<RecordingRecord | null>;
  recordings(filter: RecordingFilter, page: PageRequest): Promise<Page<RecordingRecord> | CursorFault>;
  /** The SIP messages of a call; null: none are stored. */
  ladder(callId: string): Promise<PackedLadder | null>;
  consentOf(recordingId: string): Promise<readonly ConsentDetail[]>;
  /** Marks a recording deleted; what the proxy says of it later is ignored. */
  markDeleted(recordingId: string, at: string): Promise<void>;
  /** Recordings still open although their call ended before `before` (RFC 3339): the reconciler's alarm. */
  overdue(before: string): Promise<readonly RecordingRecord[]>;
}

/** What the parties of calls were told, and what they reported of it. */
export interface EvidenceStore {
  /** All that there is of a call, in no order. */
  chainOf(callId: string): Promise<readonly Evidence[]>;
  /**
   * Deletes, for good, the evidence of calls of which none is to be kept any more: of recordings that are deleted, and
   * of what was not recorded once its time is over (`keepMs`, where it says none itself). Gives the number of calls.
   */
  deleteExpired(
    keepMs: number,
    which: { readonly callId: string } | { readonly limit: number },
  ): Promise<number>;
}

/** The one place of wrapped keys: a table, or fsynced files beside the embedded database. */
export interface KeyStore {
  /** Durable once resolved. Idempotent by recording; a destroyed key is never stored again. */
  put(key: KeyRecord): Promise<void>;
  get(recordingId: string): Promise<KeyRecord | null>;
  /** The deletion: afterwards no copy of the wrapped identity is in this store. */
  destroy(recordingId: string): Promise<void>;
}

/** Policies that nodes have decided by, newest first. */
export interface PolicyStore {
  versions(page: PageRequest): Promise<Page<Omit<PolicyVersion, 'document'>> | CursorFault>;
  /** The JSON of a version; null: not known. */
  document(version: string): Promise<string | null>;
}

/** The list of numbers that are never recorded. */
export interface DoNotRecordStore {
  /** False: it was there before, and stays as it was. */
  add(entry: DoNotRecordEntry): Promise<boolean>;
  remove(hash: string): Promise<boolean>;
  get(hash: string): Promise<DoNotRecordEntry | null>;
  list(page: PageRequest): Promise<Page<DoNotRecordEntry> | CursorFault>;
  count(): Promise<number>;
  /** Everything that is by this key, in order; and how many are not. */
  hashes(keyId: string): Promise<{ readonly hashes: readonly string[]; readonly foreign: number }>;
}

/** An API token as it is kept: only its hash. */
export interface TokenRecord {
  readonly id: string;
  readonly name: string;
  /** Hexadecimal SHA-256 of the token, which has 256 random bits, so that no salt or stretching is needed. */
  readonly hash: string;
  readonly createdAt: string;
  readonly revokedAt: string | null;
}

export interface TokenStore {
  add(token: TokenRecord): Promise<void>;
  byHash(hash: string): Promise<TokenRecord | null>;
  list(): Promise<readonly TokenRecord[]>;
  /** False: no such token, or it was revoked before. */
  revoke(id: string, at: string): Promise<boolean>;
}
