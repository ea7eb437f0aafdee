import type { ColumnType, Generated } from 'kysely';

/** Read as `Date`, written as RFC 3339. */
type Time = ColumnType<Date, string, string>;
type TimeOrNull = ColumnType<Date | null, string | null, string | null>;
type Filled<T> = ColumnType<T, never, never>;

export interface CallsTable {
  id: string;
  version: number;
  node_id: string;
  direction: string;
  from_party: string;
  to_party: string;
  extension: string | null;
  queue: string | null;
  started_at: Time;
  answered_at: TimeOrNull;
  ended_at: TimeOrNull;
  outcome: string | null;
  reason: string | null;
  rule_id: string | null;
  policy_version: string | null;
  not_recorded: string | null;
  stored_at: Filled<Date>;
}

export interface LegsTable {
  call_id: string;
  id: string;
  position: number;
  party: string;
  peer_id: string;
  sip_call_id: string;
  codec: string | null;
  packets_received: number | null;
  packets_sent: number | null;
  packets_lost: number | null;
  packets_dropped: number | null;
  /** `LegQuality`. */
  quality: ColumnType<unknown, string | null, string | null>;
}

export interface RecordingsTable {
  id: string;
  call_id: string;
  version: number;
  node_id: string;
  state: string;
  reason: string | null;
  format: string;
  channels: string;
  sample_rate: number;
  started_at: TimeOrNull;
  duration_ms: number | null;
  size_bytes: number | null;
  sha256: string | null;
  object_key: string | null;
  object_sha256: string | null;
  manifest_sha256: string | null;
  consent_digest: string | null;
  seal: string | null;
  /** `ChannelLedger[]`. */
  ledger: ColumnType<unknown, string, string>;
  purpose: string;
  purpose_text: string | null;
  legal_basis: string | null;
  retain_until: TimeOrNull;
  hold: boolean;
  deleted_at: ColumnType<Date | null, never, string>;
  stored_at: Filled<Date>;
  /** When it started, or was first heard of: what lists are sorted by. */
  listed_at: Filled<Date>;
}

export interface ConsentEventsTable {
  id: string;
  call_id: string;
  recording_id: string | null;
  leg_id: string;
  party: string;
  outcome: string;
  moment: string;
  consent: string;
  pressed_key: string | null;
  at: Time;
  rule_id: string | null;
  purpose: string | null;
  text: string;
  prompt_id: string | null;
  prompt_version: string | null;
  language: string | null;
  audio_sha256: string | null;
  codec: string | null;
  packets_sent: number | null;
  packets_expected: number | null;
  first_packet_at: TimeOrNull;
  last_packet_at: TimeOrNull;
  present_at_end: boolean | null;
  retain_until: TimeOrNull;
  position: number;
  previous: string | null;
  digest: string;
  mac_key_id: string;
  mac: string;
  stored_at: Filled<Date>;
}

export interface ConsentReceiptsTable {
  id: string;
  consent_id: string;
  call_id: string;
  packets: number;
  lost: number;
  round_trip_ms: number | null;
  at: Time;
  position: number;
  previous: string | null;
  digest: string;
  mac_key_id: string;
  mac: string;
  stored_at: Filled<Date>;
}

export interface ControlEventsTable {
  id: string;
  call_id: string;
  recording_id: string;
  action: string;
  actor: string;
  reason: string | null;
  at: Time;
  sample_position: number;
  stored_at: Filled<Date>;
}

/** A destroyed key leaves its row without the wrapped identity, so that a late copy is recognised. */
export interface KeysTable {
  recording_id: string;
  kek_id: string | null;
  wrapped: string | null;
  recipient: string | null;
  created_at: Time;
  destroyed_at: TimeOrNull;
}

/** The SIP messages of a call; the row goes with that of the call. */
export interface CallLaddersTable {
  call_id: string;
  /** Deflated JSON of a `Ladder`. */
  packed: Buffer;
  stored_at: Filled<Date>;
}

export interface PolicyVersionsTable {
  id: string;
  node_id: string;
  version: string;
  at: Time;
  actor: string;
  /** `string[]`. */
  changes: ColumnType<unknown, string, string>;
  document: string;
  stored_at: Filled<Date>;
}

export interface DoNotRecordTable {
  hash: string;
  key_id: string;
  note: string | null;
  added_at: Time;
  added_by: string;
}

/** Who has had its number listed in a call; the row says nothing of the number. */
interface DoNotRecordRefusalsTable {
  id: string;
  call_id: string;
  party: string;
  at: Time;
  stored_at: Filled<Date>;
}

export interface TokensTable {
  id: string;
  name: string;
  hash: string;
  created_at: Time;
  revoked_at: TimeOrNull;
}

/** Events that the database refused for what is in them: kept for a person, so that nothing is lost silently. */
interface RejectedEventsTable {
  id: Generated<number>;
  kind: string;
  entity_id: string;
  reason: string;
  event: string;
  /** SHA-256 of kind, id and event: the same one sent again is one row. */
  digest: string;
  stored_at: Filled<Date>;
}

export interface Database {
  calls: CallsTable;
  legs: LegsTable;
  recordings: RecordingsTable;
  consent_events: ConsentEventsTable;
  consent_receipts: ConsentReceiptsTable;
  control_events: ControlEventsTable;
  keys: KeysTable;
  call_ladders: CallLaddersTable;
  policy_versions: PolicyVersionsTable;
  do_not_record: DoNotRecordTable;
  do_not_record_refusals: DoNotRecordRefusalsTable;
  tokens: TokensTable;
  rejected_events: RejectedEventsTable;
}
