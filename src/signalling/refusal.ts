import type { SipRequest, SipResponse } from '../sip/message.ts';
import { makeResponse } from '../sip/response.ts';
import { appendSupported } from './extensions.ts';
import { parseDecimal } from '../sip/text.ts';
import { allowedMethods } from './methods.ts';

/** A final answer that we give ourselves. */
export interface Refusal {
  readonly status: number;
  readonly phrase: string;
  readonly headers?: readonly (readonly [string, string])[];
}

export function refuse(request: SipRequest, refusal: Refusal, tag: string | null): SipResponse {
  const response = makeResponse(request, refusal.status, refusal.phrase, tag);
  for (const [name, value] of refusal.headers ?? []) response.headers.append(name, value);
  return response;
}

/** RFC 3261 §20.33: seconds. */
export function retryAfter(seconds: number): readonly [string, string] {
  return ['Retry-After', String(seconds)];
}

/** RFC 3261 §11.2: what we are able to take. */
export function answerOptions(request: SipRequest, tag: string | null): SipResponse {
  const response = makeResponse(request, 200, 'OK', tag);
  response.headers
    .append('Allow', allowedMethods)
    .append('Accept', 'application/sdp')
    .append('Accept-Encoding', 'identity');
  appendSupported(response.headers);
  return response;
}

/** RFC 3261 §8.2.1 and §21.5.2: known and not served is 405, unknown is 501. */
export function refusedMethod(known: boolean, allowed: string): Refusal {
  const headers = [['Allow', allowed]] as const;
  if (!known) return { status: 501, phrase: 'Not Implemented', headers };
  return { status: 405, phrase: 'Method Not Allowed', headers };
}

export const noSuchCall: Refusal = { status: 481, phrase: 'Call/Transaction Does Not Exist' };
export const tooManyHops: Refusal = { status: 483, phrase: 'Too Many Hops' };

/**
 * What goes on as Max-Forwards (RFC 3261 §8.1.1.6: 70 where it is missing; §16.6 item 3: one less). `none`: it has
 * counted down to nothing. Null: it is no number.
 */
export function countDown(request: SipRequest): number | 'none' | null {
  const text = request.headers.first('max-forwards');
  if (text === null) return 70;
  const hops = parseDecimal(text, 255);
  if (hops === null) return null;
  return hops === 0 ? 'none' : hops - 1;
}
