/** Seen from the site: `outbound` came from a PBX peer, `inbound` from a trunk peer. */
export type Direction = 'outbound' | 'inbound' | 'internal';

/** Whose doing the end was; `reason` says more. One vocabulary for call records, metrics and alarms. */
export type Outcome = 'success' | 'caller' | 'upstream' | 'ours' | 'indeterminate';

/** A closed set of slugs, so that a metric or a filter never meets free text. */
export type EndReason =
  | 'answered'
  | 'busy'
  | 'no-answer'
  | 'cancelled'
  | 'rejected'
  | 'not-found'
  | 'no-route'
  | 'no-codec'
  | 'no-ports'
  | 'overload'
  | 'upstream-error'
  | 'upstream-timeout'
  | 'media-timeout'
  | 'recording-failed'
  | 'shutdown'
  | 'crash'
  | 'session-expired'
  | 'protocol-error';

/** Why a call is not recorded although nothing failed. */
export const notRecordedReasons = ['no-rule', 'never', 'on-demand', 'do-not-record'] as const;
export type NotRecorded = (typeof notRecordedReasons)[number];

/** Which side of the call: the caller is the left channel, the callee the right, whatever moves later. */
export type Party = 'caller' | 'callee';

/** What a leg's media did, counted by the media worker. */
export interface LegMediaCounts {
  readonly packetsReceived: number;
  readonly packetsSent: number;
  readonly packetsLost: number;
  readonly packetsDropped: number;
}

/** What a party reported of the stream that it had from us, by its RTCP. */
export interface ReportedQuality {
  readonly packetsLost: number;
  readonly lossPercent: number;
  readonly jitterMs: number;
  readonly mos: number | null;
}

/** How well speech came over a leg: measured on what its party sent, `reported` on what it was sent. */
export interface LegQuality {
  readonly lossPercent: number;
  /** Interarrival jitter (RFC 3550 §6.4.1), over all packets. */
  readonly jitterMs: number;
  readonly maxJitterMs: number;
  /** Between us and the party; null: no report told. */
  readonly roundTripMs: number | null;
  /** Mean opinion score by the E-model (ITU-T G.107), 1 to 4.5; null: it has no figures for the codec. */
  readonly mos: number | null;
  /** Null: the party sent no reports. */
  readonly reported: ReportedQuality | null;
}

export interface LegRecord {
  readonly id: string;
  readonly party: Party;
  readonly peerId: string;
  readonly sipCallId: string;
  /** Encoding name of the negotiated codec, `PCMA`; null before an answer. */
  readonly codec: string | null;
  readonly media: LegMediaCounts | null;
  /** Null: nothing came. */
  readonly quality: LegQuality | null;
}

/**
 * A call's record (CDR). A snapshot: each newer `version` replaces the older ones, so that replay is
 * idempotent and order does not matter. Times are RFC 3339 in UTC.
 */
export interface CallRecord {
  readonly id: string;
  readonly version: number;
  readonly nodeId: string;
  readonly direction: Direction;
  readonly from: string;
  readonly to: string;
  readonly extension: string | null;
  readonly queue: string | null;
  readonly startedAt: string;
  readonly answeredAt: string | null;
  readonly endedAt: string | null;
  readonly outcome: Outcome | null;
  readonly reason: EndReason | null;
  /** The rule that decided about recording; null where none matched. */
  readonly ruleId: string | null;
  /** The version of the policy that the rule is of; null of a call from before there were versions. */
  readonly policyVersion: string | null;
  /** Why no recording was owed from the first; null: one was. */
  readonly notRecorded: NotRecorded | null;
  readonly legs: readonly LegRecord[];
}
