import { parseCSeq } from './cseq.ts';
import type { SipRequest, SipResponse } from './message.ts';
import { tagOf } from './name-addr.ts';
import { branchOf, magicCookie, parseVia } from './via.ts';

/**
 * What a request has in common with the one that made its server transaction (RFC 3261 §17.2.3): branch,
 * sent-by, and the method, where ACK counts as INVITE. `method` overrides it: a CANCEL finds its INVITE by
 * `serverKey(cancel, 'INVITE')` (§9.2). A line feed stands in no part, so the parts cannot run together.
 */
export function serverKey(request: SipRequest, method: string = methodClass(request)): string {
  const value = request.headers.first('via') ?? '';
  const via = parseVia(value);
  const branch = via === null ? null : branchOf(via);
  // RFC 4475 §3.2.1: a branch that is the cookie alone identifies nothing.
  if (via === null || branch === null || branch.length <= magicCookie.length || !hasCookie(branch)) {
    return legacyKey(request, method);
  }
  return `${branch}\n${via.host.toLowerCase()}:${via.port ?? 5060}\n${method}`;
}

/** RFC 3261 §8.1.1.7: the cookie, compared without case as §7.3.1 has it for tokens. */
function hasCookie(branch: string): boolean {
  return branch.slice(0, magicCookie.length).toLowerCase() === magicCookie.toLowerCase();
}

/**
 * RFC 3261 §17.2.3, for RFC 2543 clients: Request-URI, From tag, Call-ID, CSeq number and top Via. The To tag is
 * left out: an ACK has the response's and the INVITE none, and CSeq tells requests within a dialog apart.
 */
function legacyKey(request: SipRequest, method: string): string {
  const { headers } = request;
  const number = parseCSeq(headers.first('cseq') ?? '')?.number ?? 0;
  const fromTag = tagOf(headers.first('from') ?? '') ?? '';
  return [request.uri, fromTag, headers.first('call-id'), number, headers.first('via'), method].join('\n');
}

function methodClass(request: SipRequest): string {
  return request.method === 'ACK' ? 'INVITE' : request.method;
}

/** RFC 3261 §17.1.3: the branch of the top Via, and the method of CSeq. Our branches are random, so no more. */
export function clientKey(branch: string, method: string): string {
  return `${branch}\n${method}`;
}

/** The client transaction that a response belongs to; null: it has no branch, so none of ours. */
export function clientKeyOf(response: SipResponse): string | null {
  const via = parseVia(response.headers.first('via') ?? '');
  const branch = via === null ? null : branchOf(via);
  const cseq = parseCSeq(response.headers.first('cseq') ?? '');
  return branch === null || cseq === null ? null : clientKey(branch, cseq.method);
}

/**
 * RFC 3261 §8.2.2.2: From tag, Call-ID and CSeq, by which a request outside a dialog is known to have come
 * before on another way. Null: it is within a dialog, where this does not apply.
 */
export function mergeKey(request: SipRequest): string | null {
  const { headers } = request;
  if (tagOf(headers.first('to') ?? '') !== null) return null;
  const fromTag = tagOf(headers.first('from') ?? '') ?? '';
  return `${fromTag}\n${headers.first('call-id')}\n${headers.first('cseq')}`;
}
