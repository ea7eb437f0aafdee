import type { RecordEvent } from '../../src/records/record-event.ts';
import type { RecordingState } from '../../src/records/recording-record.ts';

export function callEvent(id: string, version: number, ended = false): RecordEvent {
  return {
    kind: 'call',
    call: {
      id,
      version,
      nodeId: 'edge-1',
      direction: 'outbound',
      from: '+352100',
      to: '+352200',
      extension: '100',
      queue: null,
      startedAt: '2026-11-23T10:00:00.000Z',
      answeredAt: null,
      endedAt: ended ? '2026-11-23T10:01:00.000Z' : null,
      outcome: ended ? 'success' : null,
      reason: ended ? 'answered' : null,
      ruleId: null,
      policyVersion: 'ab12',
      notRecorded: null,
      legs: [],
    },
  };
}

export function recordingEvent(id: string, version: number, state: RecordingState): RecordEvent {
  return {
    kind: 'recording',
    recording: {
      id,
      callId: `call-of-${id}`,
      version,
      nodeId: 'edge-1',
      state,
      reason: null,
      format: 'wav',
      channels: 'stereo',
      sampleRate: 8000,
      startedAt: null,
      durationMs: null,
      sizeBytes: null,
      sha256: null,
      objectKey: null,
      objectSha256: null,
      manifestSha256: null,
      consentDigest: null,
      seal: null,
      ledger: [],
      purpose: 'quality',
      purposeText: 'Quality assurance',
      legalBasis: 'legitimate-interest',
      retainUntil: null,
      hold: false,
    },
  };
}

/** What would stand on disk if the key did. */
export function wrappedOf(recordingId: string): string {
  return Buffer.from(`wrapped identity of ${recordingId}!`).toString('base64');
}

export function keyEvent(recordingId: string): RecordEvent {
  return {
    kind: 'key',
    key: {
      recordingId,
      kekId: '0123456789abcdef',
      wrapped: wrappedOf(recordingId),
      recipient: `age1${recordingId}`,
      createdAt: '2026-11-23T10:00:00.000Z',
    },
  };
}

export function consentEvent(id: string): RecordEvent {
  return {
    kind: 'consent',
    consent: {
      id,
      callId: 'call-1',
      recordingId: null,
      legId: 'leg-1',
      party: 'caller',
      outcome: 'told',
      purpose: 'quality',
      text: 'This call may be recorded.',
      promptId: null,
      language: null,
      audioSha256: null,
      codec: null,
      packetsSent: null,
      packetsExpected: null,
      firstPacketAt: null,
      lastPacketAt: null,
      presentAtEnd: null,
      ...{ moment: 'on-answer', consent: 'notice', key: null, at: '2026-11-23T10:00:00.000Z', ruleId: null },
      ...{ promptVersion: null, retainUntil: null, position: 0, previous: null, digest: 'd' },
      ...{ macKeyId: 'k', mac: 'm' },
    },
  };
}

export function listingEvent(hash: string): RecordEvent {
  return {
    kind: 'listing',
    listing: {
      ...{ id: `listing-${hash}`, hash, keyId: '0123456789abcdef' },
      ...{ callId: 'call-1', party: 'caller', at: '2026-11-23T10:00:00.000Z' },
    },
  };
}
