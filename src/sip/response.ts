import { noBody, SipHeaders } from './message.ts';
import type { SipRequest, SipResponse } from './message.ts';
import { tagOf, withTag } from './name-addr.ts';

/**
 * A response as RFC 3261 §8.2.6 asks: Via, From, To, Call-ID and CSeq of the request, Timestamp in a 100, and
 * the tag in To where the request has none (null: none, which only a 100 may have). A response to an INVITE
 * that makes a dialog (101 to 299 with a tag) also takes over Record-Route (RFC 3261 §12.1.1).
 * Append further headers to `headers`, which is the response's own.
 */
export function makeResponse(
  request: SipRequest,
  status: number,
  phrase: string,
  toTag: string | null,
  body: Uint8Array = noBody,
): SipResponse {
  const headers = new SipHeaders();
  const establishes = request.method === 'INVITE' && status > 100 && status < 300 && toTag !== null;
  for (const { name, canonical, value } of request.headers.canonicalFields()) {
    if (copied.has(canonical)) headers.append(name, value);
    else if (canonical === 'to') headers.append(name, toValue(value, toTag));
    else if (canonical === 'timestamp' && status === 100) headers.append(name, value);
    else if (canonical === 'record-route' && establishes) headers.append(name, value);
  }
  return { type: 'response', status, phrase, headers, body };
}

const copied: ReadonlySet<string> = new Set(['via', 'from', 'call-id', 'cseq']);

function toValue(value: string, toTag: string | null): string {
  if (toTag === null || tagOf(value) !== null) return value;
  return withTag(value, toTag);
}
