import type { Party } from '../records/call-record.ts';
import { noBody, type SipRequest, type SipResponse } from '../sip/message.ts';
import { makeResponse } from '../sip/response.ts';
import { carryBody } from './carried-body.ts';
import type { Exchange } from './call-state.ts';
import { appendSupported } from './extensions.ts';
import { passHeaders } from './header-map.ts';
import { agreeSession } from './leg-session.ts';
import { allowedFrom, allowedMethods, targetRefreshes } from './methods.ts';
import { refuse, type Refusal } from './refusal.ts';
import type { Turn } from './turn.ts';

/** Answers a request with a refusal of our own. */
export function respondRefusal(turn: Turn, transaction: string, request: SipRequest, refusal: Refusal): void {
  turn.emit({ type: 'respond', transaction, response: refuse(request, refusal, turn.call.tokens.callerTag) });
}

export interface RelayedResponse {
  readonly status: number;
  readonly phrase: string;
  /** The other leg's response, whose headers pass; null: ours alone. */
  readonly upstream: SipResponse | null;
  /** Our To-tag where the request has none. */
  readonly tag: string;
  /** Our description, in place of the upstream's. */
  readonly body: Uint8Array;
}

/** A response to an INVITE or an UPDATE that went on to the other leg, as the party that sent it gets it. */
export function inviteResponse(
  turn: Turn,
  { from, request }: Pick<Exchange, 'from' | 'request'>,
  wanted: RelayedResponse,
): SipResponse {
  const { status, phrase, upstream, tag } = wanted;
  const { body, bodyPasses, bodyType } = carryBody(upstream, wanted.body);
  const response = makeResponse(request, status, phrase, tag, body);
  const { headers } = response;
  const peer = turn.leg(from)?.peer;
  if (status < 300 && targetRefreshes.has(request.method)) headers.append('Contact', peer?.contact ?? '');
  if (status < 300) {
    // RFC 3311 §5.1: Allow also in a provisional, so that UPDATE may come in the early dialog.
    headers.append('Allow', peer === undefined ? allowedMethods : allowedFrom(peer));
    appendSupported(headers);
  }
  if (upstream !== null) {
    passHeaders(upstream.headers, headers, turn.passageTo(from), bodyPasses ? 'passes' : 'replaced');
    // RFC 3261 §21.3, §21.4.23: there Contact is where else the callee may be, not an end of this leg.
    if (redirects(status))
      for (const contact of upstream.headers.all('contact')) headers.append('Contact', contact);
  }
  if (status >= 200 && status < 300) agreeSession(turn, from, request, headers);
  if (!bodyPasses && body.length > 0) headers.append('Content-Type', bodyType);
  return response;
}

function redirects(status: number): boolean {
  return (status >= 300 && status < 400) || status === 485;
}

/**
 * What a final refusal of one leg becomes on the other. A challenge belongs to its leg, and 401 or 407 without
 * one is no response; an interval (422, RFC 4028) is a leg's too; RFC 3261 §16.7 item 6: 503 speaks of the next hop, so it goes on as 500.
 */
function relayedRefusal({ status, phrase }: SipResponse): Refusal {
  if (status === 401 || status === 407) return { status: 403, phrase: 'Forbidden' };
  if (status === 422 || status === 503) return { status: 500, phrase: 'Server Internal Error' };
  return { status, phrase };
}

/** Sends the other leg's final refusal to the INVITE of an exchange. */
export function passRefusal(turn: Turn, exchange: Exchange, upstream: SipResponse): void {
  const refusal = relayedRefusal(upstream);
  const response = inviteResponse(turn, exchange, {
    upstream,
    tag: turn.call.tokens.callerTag,
    body: noBody,
    ...refusal,
  });
  turn.emit({ type: 'respond', transaction: exchange.transaction, response });
}

/** Descriptions in responses to these are of one leg: one that passes has been rewritten (`inviteResponse`). */
const negotiates: ReadonlySet<string> = new Set(['PRACK', 'UPDATE']);

/** The other leg's answer to a request that is no INVITE, with its body but for a description. */
export function relayResponse(
  turn: Turn,
  from: Party,
  request: SipRequest,
  upstream: SipResponse,
): SipResponse {
  const { status, phrase } = relayedRefusal(upstream);
  const leg = turn.leg(from);
  // Only a REFER may have no To-tag here: the dialog that it makes has the tag of its leg (RFC 3515 §2.4.4).
  const { body, bodyPasses } = negotiates.has(request.method)
    ? carryBody(upstream, noBody)
    : { body: upstream.body, bodyPasses: true };
  const response = makeResponse(request, status, phrase, leg?.localTag ?? null, body);
  if (leg !== null && request.method === 'REFER' && status < 300) {
    for (const route of request.headers.all('record-route')) response.headers.append('Record-Route', route);
    response.headers.append('Contact', leg.peer.contact);
  }
  // RFC 3261 §8.2.1.
  if (leg !== null && status === 405) response.headers.append('Allow', allowedFrom({ refer: 'refuse' }));
  passHeaders(upstream.headers, response.headers, turn.passageTo(from), bodyPasses ? 'passes' : 'replaced');
  return response;
}
