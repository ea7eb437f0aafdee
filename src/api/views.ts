import type { z } from 'zod';
import type { CallDetail } from '../records/ports.ts';
import type { RecordingRecord } from '../records/recording-record.ts';
import type { callSchema, recordingSchema } from './schemas.ts';

/** What the API shows of a recording: everything but where and how it is stored. */
export function recordingView(record: RecordingRecord): z.output<typeof recordingSchema> {
  const { id, callId, state, reason, format, channels, sampleRate, startedAt, durationMs } = record;
  const { sizeBytes, sha256, ledger, purpose, purposeText, legalBasis, retainUntil, hold } = record;
  const made = { id, callId, state, reason, format, channels, sampleRate, startedAt, durationMs };
  return {
    ...made,
    sizeBytes,
    sha256,
    ledger: [...ledger],
    purpose,
    purposeText,
    legalBasis,
    retainUntil,
    hold,
  };
}

export function callView({ call, recordings, consent, control }: CallDetail): z.output<typeof callSchema> {
  const { id, direction, from, to, extension, queue, startedAt, answeredAt, endedAt, outcome, reason } = call;
  const { ruleId, policyVersion, notRecorded } = call;
  return {
    ...{ id, direction, from, to, extension, queue, startedAt, answeredAt, endedAt, outcome, reason },
    ...{ ruleId, policyVersion, notRecorded },
    legs: [...call.legs],
    recordings: recordings.map(recordingView),
    consent: [...consent],
    control: [...control],
  };
}
