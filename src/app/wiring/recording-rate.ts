import type { RecordingRate } from '../../audio/recording-rate.ts';
import type { RuleOptions } from '../../policy/options.ts';

/** Hz of what a codec carries: G722's clock says 8000 (RFC 3551 §4.5.2), Opus is full band whatever it was made from. */
const ownRates: ReadonlyMap<string, RecordingRate> = new Map([
  ['G722', 16_000],
  ['OPUS', 48_000],
]);

/** The rate of a recording whose legs speak `encodings` (`PCMA`, `OPUS`) when it is prepared: the widest of theirs. */
export function recordingRate(rule: RuleOptions, encodings: Iterable<string>): RecordingRate {
  if (rule.sampleRate !== 'auto') return rule.sampleRate;
  // WAV of either law is G.711 as it is on the wire.
  if (rule.format === 'wav-alaw' || rule.format === 'wav-mulaw') return 8000;
  let widest: RecordingRate = 8000;
  for (const encoding of encodings) {
    const own = ownRates.get(encoding) ?? 8000;
    if (own > widest) widest = own;
  }
  return widest;
}
