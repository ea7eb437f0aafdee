import { z } from 'zod';
import {
  consentKinds,
  consentMoments,
  consentOutcomes,
  type ConsentRecord,
} from '../records/consent-record.ts';
import { type CallRecord, notRecordedReasons } from '../records/call-record.ts';
import type { ControlEvent } from '../records/control-event.ts';
import type { DestroyedKey } from '../records/destroyed-key.ts';
import type { NumberListing } from '../records/do-not-record.ts';
import type { KeyRecord } from '../records/key-record.ts';
import type { PackedLadder } from '../records/ladder-record.ts';
import type { PromptReceipt } from '../records/prompt-receipt.ts';
import type { PolicyVersion } from '../records/policy-version.ts';
import type { RecordEvent } from '../records/record-event.ts';
import { recordingFormats, type RecordingRecord } from '../records/recording-record.ts';

// The types stand in `records`; these say the same at run time, and the compiler holds the two together.
const text = z.string();
const count = z.number();
/** 128 bits, so that no number in clear passes for one. */
export const numberHash = /^[0-9a-f]{32}$/;
const party = z.enum(['caller', 'callee']);

const reported = z.object({
  packetsLost: count,
  lossPercent: count,
  jitterMs: count,
  mos: count.nullable(),
});

const quality = z.object({
  lossPercent: count,
  jitterMs: count,
  maxJitterMs: count,
  roundTripMs: count.nullable(),
  mos: count.nullable(),
  reported: reported.nullable(),
});

const leg = z.object({
  id: text,
  party,
  peerId: text,
  sipCallId: text,
  codec: text.nullable(),
  media: z
    .object({ packetsReceived: count, packetsSent: count, packetsLost: count, packetsDropped: count })
    .nullable(),
  // Journals of earlier versions have none.
  quality: quality.nullable().default(null),
});

const call: z.ZodType<CallRecord> = z.object({
  id: text,
  version: count,
  nodeId: text,
  direction: z.enum(['outbound', 'inbound', 'internal']),
  from: text,
  to: text,
  extension: text.nullable(),
  queue: text.nullable(),
  startedAt: text,
  answeredAt: text.nullable(),
  endedAt: text.nullable(),
  outcome: z.enum(['success', 'caller', 'upstream', 'ours', 'indeterminate']).nullable(),
  reason: z
    .enum([
      'answered',
      'busy',
      'no-answer',
      'cancelled',
      'rejected',
      'not-found',
      'no-route',
      'no-codec',
      'no-ports',
      'overload',
      'upstream-error',
      'upstream-timeout',
      'media-timeout',
      'recording-failed',
      'shutdown',
      'crash',
      'session-expired',
      'protocol-error',
    ])
    .nullable(),
  ruleId: text.nullable(),
  // A journal may still hold calls from before there were versions.
  policyVersion: text.nullable().default(null),
  notRecorded: z.enum(notRecordedReasons).nullable().default(null),
  legs: z.array(leg),
});

const ledger = z.object({
  party,
  receivedMs: count,
  concealedMs: count,
  heldMs: count,
  pausedMs: count,
  lostMs: count,
});

const recording: z.ZodType<RecordingRecord> = z.object({
  id: text,
  callId: text,
  version: count,
  nodeId: text,
  state: z.enum([
    'expected',
    'recording',
    'sealed',
    'interrupted',
    'failed',
    'none',
    'archived',
    'restricted',
    'deleted',
  ]),
  reason: text.nullable(),
  format: z.enum(recordingFormats),
  channels: z.enum(['stereo', 'mono']),
  sampleRate: count,
  startedAt: text.nullable(),
  durationMs: count.nullable(),
  sizeBytes: count.nullable(),
  sha256: text.nullable(),
  objectKey: text.nullable(),
  objectSha256: text.nullable(),
  manifestSha256: text.nullable(),
  consentDigest: text.nullable(),
  seal: text.nullable(),
  ledger: z.array(ledger),
  purpose: text,
  purposeText: text.nullable().default(null),
  legalBasis: text.nullable().default(null),
  retainUntil: text.nullable(),
  hold: z.boolean(),
});

const consent: z.ZodType<ConsentRecord> = z.object({
  id: text,
  callId: text,
  recordingId: text.nullable(),
  legId: text,
  party,
  outcome: z.enum(consentOutcomes),
  moment: z.enum(consentMoments),
  consent: z.enum(consentKinds),
  key: text.nullable(),
  at: text,
  ruleId: text.nullable(),
  purpose: text.nullable(),
  text,
  promptId: text.nullable(),
  promptVersion: text.nullable(),
  language: text.nullable(),
  audioSha256: text.nullable(),
  codec: text.nullable(),
  packetsSent: count.nullable(),
  packetsExpected: count.nullable(),
  firstPacketAt: text.nullable(),
  lastPacketAt: text.nullable(),
  presentAtEnd: z.boolean().nullable(),
  retainUntil: text.nullable(),
  position: count,
  previous: text.nullable(),
  digest: text,
  macKeyId: text,
  mac: text,
});

const receipt: z.ZodType<PromptReceipt> = z.object({
  id: text,
  consentId: text,
  callId: text,
  packets: count,
  lost: count,
  roundTripMs: count.nullable(),
  at: text,
  // A journal may still hold reports from before they were evidence; without a digest nobody takes them for any.
  position: count.default(0),
  previous: text.nullable().default(null),
  digest: text.default(''),
  macKeyId: text.default(''),
  mac: text.default(''),
});

const control: z.ZodType<ControlEvent> = z.object({
  id: text,
  callId: text,
  recordingId: text,
  action: z.enum(['start', 'stop', 'pause', 'resume']),
  actor: text,
  reason: text.nullable(),
  at: text,
  samplePosition: count,
});

const key: z.ZodType<KeyRecord> = z.object({
  recordingId: text,
  kekId: text,
  wrapped: text,
  recipient: text,
  createdAt: text,
});

const destroyed: z.ZodType<DestroyedKey> = z.object({ recordingId: text, at: text });

/** Far above what a node keeps of a call. */
const packedLimit = 1024 * 1024;

export const ladderSchema: z.ZodType<PackedLadder> = z.object({
  callId: text,
  packed: z.base64().max(packedLimit),
});

const policy: z.ZodType<PolicyVersion> = z.object({
  id: text,
  nodeId: text,
  version: text,
  at: text,
  actor: text,
  changes: z.array(text),
  document: text,
});

const listing: z.ZodType<NumberListing> = z.object({
  ...{ id: text, callId: text, party, keyId: text, at: text },
  hash: z.string().regex(numberHash),
});

export const recordEventSchema: z.ZodType<RecordEvent> = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('call'), call }),
  z.object({ kind: z.literal('recording'), recording }),
  z.object({ kind: z.literal('consent'), consent }),
  z.object({ kind: z.literal('receipt'), receipt }),
  z.object({ kind: z.literal('control'), control }),
  z.object({ kind: z.literal('key'), key }),
  z.object({ kind: z.literal('destroyed'), destroyed }),
  z.object({ kind: z.literal('ladder'), ladder: ladderSchema }),
  z.object({ kind: z.literal('policy'), policy }),
  z.object({ kind: z.literal('listing'), listing }),
]);
