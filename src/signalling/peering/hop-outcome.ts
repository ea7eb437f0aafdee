import type { SipResponse } from '../../sip/message.ts';
import { parseRetryAfter } from '../../sip/retry-after.ts';

/** What a request to a hop has shown of the hop. */
export type HopOutcome =
  | { readonly kind: 'alive' }
  | {
      readonly kind: 'failed';
      readonly cause: 'timeout' | 'transport' | 'unavailable';
      /** What a 503 asks for; null: nothing. */
      readonly retryAfterSeconds: number | null;
    };

/**
 * RFC 3263 §4.3: a 503 is a failure of the server that was tried, and RFC 3261 §21.5.4 lets it say for how long.
 * Null: nothing is shown. A 100 comes before a 503 too, and a 408 may be of who stands behind the hop.
 */
export function outcomeOfResponse({ status, headers }: SipResponse): HopOutcome | null {
  if (status === 100 || status === 408) return null;
  if (status !== 503) return { kind: 'alive' };
  const retryAfterSeconds = parseRetryAfter(headers.first('retry-after') ?? '');
  return { kind: 'failed', cause: 'unavailable', retryAfterSeconds };
}
