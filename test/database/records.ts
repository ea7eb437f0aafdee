import { randomUUID } from 'node:crypto';
import type { CallRecord } from '../../src/records/call-record.ts';
import type { ConsentRecord } from '../../src/records/consent-record.ts';
import type { ControlEvent } from '../../src/records/control-event.ts';
import type { KeyRecord } from '../../src/records/key-record.ts';
import type { PromptReceipt } from '../../src/records/prompt-receipt.ts';
import type { RecordingRecord } from '../../src/records/recording-record.ts';

/** Whole records with every field filled; the given ones replace the defaults. */

export function aCall(more: Partial<CallRecord> = {}): CallRecord {
  return {
    id: randomUUID(),
    version: 3,
    nodeId: 'edge-1',
    direction: 'outbound',
    from: '+352400100',
    to: '+352400200',
    extension: '100',
    queue: 'sales',
    startedAt: '2026-11-23T10:00:00.123Z',
    answeredAt: '2026-11-23T10:00:02.456Z',
    endedAt: '2026-11-23T10:01:00.789Z',
    outcome: 'success',
    reason: 'answered',
    ruleId: 'everything',
    policyVersion: 'ab12',
    notRecorded: null,
    legs: [
      {
        id: 'leg-b',
        party: 'caller',
        peerId: 'pbx',
        sipCallId: 'abc@pbx',
        codec: 'PCMA',
        media: { packetsReceived: 3000, packetsSent: 2990, packetsLost: 2, packetsDropped: 1 },
        quality: {
          ...{ lossPercent: 0.07, jitterMs: 1.5, maxJitterMs: 4.2, roundTripMs: 20.5, mos: 4.39 },
          reported: { packetsLost: 3, lossPercent: 0.1, jitterMs: 2, mos: null },
        },
      },
      {
        id: 'leg-a',
        party: 'callee',
        peerId: 'carrier',
        sipCallId: 'def@edge',
        codec: null,
        media: null,
        quality: null,
      },
    ],
    ...more,
  };
}

export function aRecording(more: Partial<RecordingRecord> = {}): RecordingRecord {
  return {
    id: randomUUID(),
    callId: randomUUID(),
    version: 3,
    nodeId: 'edge-1',
    state: 'sealed',
    reason: null,
    format: 'wav',
    channels: 'stereo',
    sampleRate: 8000,
    startedAt: '2026-11-23T10:00:05.000Z',
    durationMs: 55_123.125,
    // More than 32 bits.
    sizeBytes: 6_000_000_044,
    sha256: 'aa'.repeat(32),
    objectKey: '2026/11/23/x.age',
    objectSha256: 'bb'.repeat(32),
    manifestSha256: 'dd'.repeat(32),
    consentDigest: 'ee'.repeat(32),
    seal: 'ff'.repeat(32),
    ledger: [
      { party: 'caller', receivedMs: 55_000.125, concealedMs: 20, heldMs: 0, pausedMs: 0, lostMs: 103 },
      { party: 'callee', receivedMs: 55_123.125, concealedMs: 0, heldMs: 0, pausedMs: 0, lostMs: 0 },
    ],
    purpose: 'quality',
    purposeText: 'Quality assurance',
    legalBasis: 'legitimate-interest',
    retainUntil: '2027-02-21T10:00:00.000Z',
    hold: false,
    ...more,
  };
}

export function aConsent(more: Partial<ConsentRecord> = {}): ConsentRecord {
  return {
    id: randomUUID(),
    callId: randomUUID(),
    recordingId: null,
    legId: 'leg-a',
    party: 'callee',
    outcome: 'told',
    purpose: 'quality',
    text: 'Dieses Gespräch wird aufgezeichnet.',
    promptId: 'quality-de',
    language: 'de',
    audioSha256: 'cc'.repeat(32),
    codec: 'PCMA',
    packetsSent: 150,
    packetsExpected: 150,
    firstPacketAt: '2026-11-23T10:00:02.500Z',
    lastPacketAt: '2026-11-23T10:00:05.480Z',
    presentAtEnd: true,
    ...{ moment: 'on-answer', consent: 'opt-in', key: '1', at: '2026-11-23T10:00:06.000Z', ruleId: 'sales' },
    ...{ promptVersion: 'ab'.repeat(32), retainUntil: null, position: 1, previous: 'ee'.repeat(32) },
    ...{ digest: 'de'.repeat(32), macKeyId: 'aa', mac: 'ad'.repeat(32) },
    ...more,
  };
}

export function aReceipt(more: Partial<PromptReceipt> = {}): PromptReceipt {
  return {
    id: randomUUID(),
    consentId: randomUUID(),
    callId: randomUUID(),
    packets: 150,
    lost: 2,
    roundTripMs: 20.5,
    at: '2026-11-23T10:00:06.500Z',
    ...{ position: 2, previous: 'de'.repeat(32), digest: 'df'.repeat(32) },
    ...{ macKeyId: 'aa', mac: 'ad'.repeat(32) },
    ...more,
  };
}

export function aControl(more: Partial<ControlEvent> = {}): ControlEvent {
  return {
    id: randomUUID(),
    callId: randomUUID(),
    recordingId: randomUUID(),
    action: 'pause',
    actor: 'token:crm',
    reason: 'card number',
    at: '2026-11-23T10:00:30.000Z',
    samplePosition: 200_000,
    ...more,
  };
}

export function aKey(more: Partial<KeyRecord> = {}): KeyRecord {
  return {
    recordingId: randomUUID(),
    kekId: '0123456789abcdef',
    wrapped: Buffer.from(`wrapped ${randomUUID()}`).toString('base64'),
    recipient: 'age1qqqq',
    createdAt: '2026-11-23T10:00:00.000Z',
    ...more,
  };
}
