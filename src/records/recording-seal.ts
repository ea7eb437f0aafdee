import { createHash } from 'node:crypto';
import { canonicalJson } from '../kernel/canonical-json.ts';
import type { DigestMac } from './consent-chain.ts';
import type { RecordingRecord } from './recording-record.ts';

/**
 * The MAC over what a sealed recording is: file, manifest, times, purpose, and the end of its evidence. Left out
 * is what governance may change afterwards: state, retention, hold.
 */
export function recordingSeal(record: RecordingRecord, mac: DigestMac): string {
  const { id, callId, nodeId, format, channels, sampleRate, startedAt, durationMs, purpose } = record;
  const { purposeText, legalBasis } = record;
  const { sizeBytes, sha256, objectKey, objectSha256, manifestSha256, consentDigest, ledger } = record;
  const sealed = {
    ...{ id, callId, nodeId, format, channels, sampleRate, startedAt, durationMs, purpose },
    ...{ sizeBytes, sha256, objectKey, objectSha256, manifestSha256, consentDigest },
    // As the parties were told; a recording from before these were kept has neither.
    ...(purposeText === null ? {} : { purposeText, legalBasis }),
    ledger: ledger.map((channel) => ({ ...channel })),
  };
  const digest = createHash('sha256').update(canonicalJson(sealed)).digest('hex');
  return mac.mac(digest);
}
