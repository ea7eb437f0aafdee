import type { RuleOptions, TagParties } from '../../policy/options.ts';
import type { CallRecord } from '../../records/call-record.ts';
import type { KeyRecord } from '../../records/key-record.ts';
import type { RecordingRecord } from '../../records/recording-record.ts';
import type { RecordingSpec } from '../../recording/protocol.ts';
import { recordingRate } from './recording-rate.ts';
import { taggedParties } from './tagged-parties.ts';

export interface SpecFacts {
  readonly rule: RuleOptions;
  readonly call: CallRecord;
  readonly record: RecordingRecord;
  /** Nobody has asked for it. */
  readonly standsBy: boolean;
  /** Encoding names that were agreed. */
  readonly codecs: Iterable<string>;
  readonly key: KeyRecord;
  readonly spoolSecret: Uint8Array;
}

/** What the recorder is told of a recording that a rule demands. */
export function recordingSpec(tagParties: TagParties, facts: SpecFacts): RecordingSpec {
  const { rule, call, record, standsBy, codecs, key, spoolSecret } = facts;
  return {
    recordingId: record.id,
    callId: call.id,
    format: rule.format,
    channels: rule.channels,
    dtmf: rule.dtmf,
    pause: rule.pause,
    lookbackSeconds: standsBy ? (rule.lookbackSeconds ?? null) : null,
    sampleRate: recordingRate(rule, codecs),
    recipient: key.recipient,
    spoolSecret,
    parties: taggedParties(tagParties, call),
    manifest: { recording: record, call },
  };
}
