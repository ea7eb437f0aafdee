import type { SealResult } from '../../recording/protocol.ts';
import type { SealedFacts } from '../../records/recording-life.ts';

/** What the record keeps of a seal's result. */
export function sealedFacts(result: SealResult): SealedFacts {
  const {
    format,
    durationMs,
    sampleRate,
    sizeBytes,
    sha256,
    objectKey,
    objectSha256,
    manifestSha256,
    ledger,
  } = result;
  return {
    format,
    durationMs,
    sampleRate,
    sizeBytes,
    sha256,
    objectKey,
    objectSha256,
    manifestSha256,
    ledger,
  };
}
