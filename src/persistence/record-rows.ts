import type { Insertable, Selectable } from 'kysely';
import type { CallRecord, LegMediaCounts, LegRecord } from '../records/call-record.ts';
import type { ConsentRecord } from '../records/consent-record.ts';
import type { ControlEvent } from '../records/control-event.ts';
import type { KeyRecord } from '../records/key-record.ts';
import type { PackedLadder } from '../records/ladder-record.ts';
import type { PromptReceipt } from '../records/prompt-receipt.ts';
import type { PolicyVersion } from '../records/policy-version.ts';
import type { RecordingRecord } from '../records/recording-record.ts';
import type {
  CallLaddersTable,
  CallsTable,
  ConsentEventsTable,
  ConsentReceiptsTable,
  ControlEventsTable,
  KeysTable,
  LegsTable,
  PolicyVersionsTable,
  RecordingsTable,
} from './schema.ts';

/*
 * Between records and rows, both ways. Columns that hold a closed vocabulary are text in the database; what
 * was stored came from these types, so reading casts and does not check again.
 */

export function callRow(call: CallRecord): Insertable<CallsTable> {
  return {
    id: call.id,
    version: call.version,
    node_id: call.nodeId,
    direction: call.direction,
    from_party: call.from,
    to_party: call.to,
    extension: call.extension,
    queue: call.queue,
    started_at: call.startedAt,
    answered_at: call.answeredAt,
    ended_at: call.endedAt,
    outcome: call.outcome,
    reason: call.reason,
    rule_id: call.ruleId,
    policy_version: call.policyVersion,
    not_recorded: call.notRecorded,
  };
}

export function callOf(row: Selectable<CallsTable>, legs: readonly LegRecord[]): CallRecord {
  return {
    id: row.id,
    version: row.version,
    nodeId: row.node_id,
    direction: row.direction as CallRecord['direction'],
    from: row.from_party,
    to: row.to_party,
    extension: row.extension,
    queue: row.queue,
    startedAt: row.started_at.toISOString(),
    answeredAt: timeOf(row.answered_at),
    endedAt: timeOf(row.ended_at),
    outcome: row.outcome as CallRecord['outcome'],
    reason: row.reason as CallRecord['reason'],
    ruleId: row.rule_id,
    policyVersion: row.policy_version,
    notRecorded: row.not_recorded as CallRecord['notRecorded'],
    legs,
  };
}

export function legRow(callId: string, leg: LegRecord, position: number): Insertable<LegsTable> {
  return {
    call_id: callId,
    id: leg.id,
    position,
    party: leg.party,
    peer_id: leg.peerId,
    sip_call_id: leg.sipCallId,
    codec: leg.codec,
    packets_received: leg.media?.packetsReceived ?? null,
    packets_sent: leg.media?.packetsSent ?? null,
    packets_lost: leg.media?.packetsLost ?? null,
    packets_dropped: leg.media?.packetsDropped ?? null,
    quality: leg.quality === null ? null : JSON.stringify(leg.quality),
  };
}

export function legOf(row: Selectable<LegsTable>): LegRecord {
  return {
    id: row.id,
    party: row.party as LegRecord['party'],
    peerId: row.peer_id,
    sipCallId: row.sip_call_id,
    codec: row.codec,
    media: mediaOf(row),
    quality: row.quality as LegRecord['quality'],
  };
}

function mediaOf(row: Selectable<LegsTable>): LegMediaCounts | null {
  if (row.packets_received === null) return null;
  return {
    packetsReceived: row.packets_received,
    packetsSent: row.packets_sent ?? 0,
    packetsLost: row.packets_lost ?? 0,
    packetsDropped: row.packets_dropped ?? 0,
  };
}

export function recordingRow(recording: RecordingRecord): Insertable<RecordingsTable> {
  return {
    id: recording.id,
    call_id: recording.callId,
    version: recording.version,
    node_id: recording.nodeId,
    state: recording.state,
    reason: recording.reason,
    format: recording.format,
    channels: recording.channels,
    sample_rate: recording.sampleRate,
    started_at: recording.startedAt,
    duration_ms: recording.durationMs,
    size_bytes: recording.sizeBytes,
    sha256: recording.sha256,
    object_key: recording.objectKey,
    object_sha256: recording.objectSha256,
    manifest_sha256: recording.manifestSha256,
    consent_digest: recording.consentDigest,
    seal: recording.seal,
    ledger: JSON.stringify(recording.ledger),
    purpose: recording.purpose,
    purpose_text: recording.purposeText,
    legal_basis: recording.legalBasis,
    retain_until: recording.retainUntil,
    hold: recording.hold,
  };
}

export function recordingOf(row: Selectable<RecordingsTable>): RecordingRecord {
  return {
    id: row.id,
    callId: row.call_id,
    version: row.version,
    nodeId: row.node_id,
    state: row.state as RecordingRecord['state'],
    reason: row.reason,
    format: row.format as RecordingRecord['format'],
    channels: row.channels as RecordingRecord['channels'],
    sampleRate: row.sample_rate,
    startedAt: timeOf(row.started_at),
    durationMs: row.duration_ms,
    sizeBytes: row.size_bytes,
    sha256: row.sha256,
    objectKey: row.object_key,
    objectSha256: row.object_sha256,
    manifestSha256: row.manifest_sha256,
    consentDigest: row.consent_digest,
    seal: row.seal,
    ledger: row.ledger as RecordingRecord['ledger'],
    purpose: row.purpose,
    purposeText: row.purpose_text,
    legalBasis: row.legal_basis,
    retainUntil: timeOf(row.retain_until),
    hold: row.hold,
  };
}

export function consentRow(consent: ConsentRecord): Insertable<ConsentEventsTable> {
  return {
    id: consent.id,
    call_id: consent.callId,
    recording_id: consent.recordingId,
    leg_id: consent.legId,
    party: consent.party,
    outcome: consent.outcome,
    moment: consent.moment,
    consent: consent.consent,
    pressed_key: consent.key,
    at: consent.at,
    rule_id: consent.ruleId,
    purpose: consent.purpose,
    text: consent.text,
    prompt_id: consent.promptId,
    prompt_version: consent.promptVersion,
    language: consent.language,
    audio_sha256: consent.audioSha256,
    codec: consent.codec,
    packets_sent: consent.packetsSent,
    packets_expected: consent.packetsExpected,
    first_packet_at: consent.firstPacketAt,
    last_packet_at: consent.lastPacketAt,
    present_at_end: consent.presentAtEnd,
    retain_until: consent.retainUntil,
    position: consent.position,
    previous: consent.previous,
    digest: consent.digest,
    mac_key_id: consent.macKeyId,
    mac: consent.mac,
  };
}

export function consentOf(row: Selectable<ConsentEventsTable>): ConsentRecord {
  return {
    id: row.id,
    callId: row.call_id,
    recordingId: row.recording_id,
    legId: row.leg_id,
    party: row.party as ConsentRecord['party'],
    outcome: row.outcome as ConsentRecord['outcome'],
    moment: row.moment as ConsentRecord['moment'],
    consent: row.consent as ConsentRecord['consent'],
    key: row.pressed_key,
    at: row.at.toISOString(),
    ruleId: row.rule_id,
    purpose: row.purpose,
    text: row.text,
    promptId: row.prompt_id,
    promptVersion: row.prompt_version,
    language: row.language,
    audioSha256: row.audio_sha256,
    codec: row.codec,
    packetsSent: row.packets_sent,
    packetsExpected: row.packets_expected,
    firstPacketAt: timeOf(row.first_packet_at),
    lastPacketAt: timeOf(row.last_packet_at),
    presentAtEnd: row.present_at_end,
    retainUntil: timeOf(row.retain_until),
    position: row.position,
    previous: row.previous,
    digest: row.digest,
    macKeyId: row.mac_key_id,
    mac: row.mac,
  };
}

export function receiptRow(receipt: PromptReceipt): Insertable<ConsentReceiptsTable> {
  return {
    id: receipt.id,
    consent_id: receipt.consentId,
    call_id: receipt.callId,
    packets: receipt.packets,
    lost: receipt.lost,
    round_trip_ms: receipt.roundTripMs,
    at: receipt.at,
    position: receipt.position,
    previous: receipt.previous,
    digest: receipt.digest,
    mac_key_id: receipt.macKeyId,
    mac: receipt.mac,
  };
}

export function receiptOf(row: Selectable<ConsentReceiptsTable>): PromptReceipt {
  return {
    id: row.id,
    consentId: row.consent_id,
    callId: row.call_id,
    packets: row.packets,
    lost: row.lost,
    roundTripMs: row.round_trip_ms,
    at: row.at.toISOString(),
    position: row.position,
    previous: row.previous,
    digest: row.digest,
    macKeyId: row.mac_key_id,
    mac: row.mac,
  };
}

export function controlRow(control: ControlEvent): Insertable<ControlEventsTable> {
  return {
    id: control.id,
    call_id: control.callId,
    recording_id: control.recordingId,
    action: control.action,
    actor: control.actor,
    reason: control.reason,
    at: control.at,
    sample_position: control.samplePosition,
  };
}

export function controlOf(row: Selectable<ControlEventsTable>): ControlEvent {
  return {
    id: row.id,
    callId: row.call_id,
    recordingId: row.recording_id,
    action: row.action as ControlEvent['action'],
    actor: row.actor,
    reason: row.reason,
    at: row.at.toISOString(),
    samplePosition: row.sample_position,
  };
}

export function keyRow(key: KeyRecord): Insertable<KeysTable> {
  return {
    recording_id: key.recordingId,
    kek_id: key.kekId,
    wrapped: key.wrapped,
    recipient: key.recipient,
    created_at: key.createdAt,
  };
}

/** Null for what a destroyed key leaves. */
export function keyOf(row: Selectable<KeysTable>): KeyRecord | null {
  if (row.kek_id === null || row.wrapped === null || row.recipient === null) return null;
  return {
    recordingId: row.recording_id,
    kekId: row.kek_id,
    wrapped: row.wrapped,
    recipient: row.recipient,
    createdAt: row.created_at.toISOString(),
  };
}

export function policyRow(policy: PolicyVersion): Insertable<PolicyVersionsTable> {
  return {
    id: policy.id,
    node_id: policy.nodeId,
    version: policy.version,
    at: policy.at,
    actor: policy.actor,
    changes: JSON.stringify(policy.changes),
    document: policy.document,
  };
}

export function ladderRow({ callId, packed }: PackedLadder): Insertable<CallLaddersTable> {
  return { call_id: callId, packed: Buffer.from(packed, 'base64') };
}

export function ladderOf({ call_id, packed }: Selectable<CallLaddersTable>): PackedLadder {
  return { callId: call_id, packed: packed.toString('base64') };
}

export function timeOf(at: Date | null): string | null {
  return at === null ? null : at.toISOString();
}
