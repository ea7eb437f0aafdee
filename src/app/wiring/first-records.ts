import type { WantedRecording } from '../../policy/decide.ts';
import type { CallRecord } from '../../records/call-record.ts';
import type { RecordingRecord } from '../../records/recording-record.ts';
import type { CallFacts } from '../../signalling/ports.ts';
import type { Verdict } from './verdict.ts';

/** The record of a call that has just arrived. */
export function firstCallRecord(
  facts: CallFacts,
  { decision, queue, policyVersion }: Verdict,
  made: Pick<CallRecord, 'nodeId' | 'startedAt'>,
): CallRecord {
  const { callId, direction, from, to } = facts;
  return {
    id: callId,
    version: 1,
    direction,
    from,
    to,
    extension: extensionOf(facts),
    queue,
    answeredAt: null,
    endedAt: null,
    outcome: null,
    reason: null,
    ruleId: decision.record ? decision.rule.id : decision.ruleId,
    policyVersion,
    notRecorded: decision.record ? null : decision.why,
    legs: [],
    ...made,
  };
}

/** The number on the PBX's side. */
export function extensionOf({
  direction,
  from,
  to,
}: Pick<CallFacts, 'direction' | 'from' | 'to'>): string | null {
  if (direction === 'outbound') return from;
  return direction === 'inbound' ? to : null;
}

/** What the recorder works at where codecs are G.711. */
const sampleRate = 8000;

/** The record of a recording that a rule or somebody demands and that has not begun; `retainUntil` is as if it began now. */
export function expectedRecording(
  { rule, purpose }: WantedRecording,
  made: Pick<RecordingRecord, 'id' | 'callId' | 'nodeId' | 'retainUntil'>,
): RecordingRecord {
  return {
    version: 1,
    state: 'expected',
    reason: null,
    format: rule.format,
    channels: rule.channels,
    sampleRate,
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
    purpose: purpose.id,
    purposeText: purpose.description,
    legalBasis: purpose.legalBasis,
    hold: false,
    ...made,
  };
}
