import { err, ok } from '../kernel/result.ts';
import type { Result } from '../kernel/result.ts';
import { parseCSeq } from './cseq.ts';
import { noBody, SipHeaders } from './message.ts';
import type { SipMessage, SipRequest, SipResponse } from './message.ts';
import { parseNameAddr, parseNameAddrList, printNameAddr, tagOf } from './name-addr.ts';
import { hasParam } from './params.ts';
import { parseSipUri } from './uri.ts';

/**
 * A dialog (RFC 3261 §12): plain data, one for each remote tag, so that a forked INVITE has several. Each
 * function gives a new one and leaves the old as it was.
 */
export interface Dialog {
  readonly role: 'uac' | 'uas';
  readonly state: 'early' | 'confirmed';
  readonly callId: string;
  readonly localTag: string;
  /** Empty: the peer gave none (RFC 2543; RFC 3261 §12.1.1 and §12.1.2 ask to live with it). */
  readonly remoteTag: string;
  /** The From value of our requests, tag included. */
  readonly local: string;
  /** The To value of our requests, tag included. */
  readonly remote: string;
  /** The Request-URI of our requests, before §12.2.1.1 looks at the route set. */
  readonly remoteTarget: string;
  /** Route values in the order in which our requests carry them. */
  readonly routeSet: readonly string[];
  /** The last sequence number we sent; null: none yet. */
  readonly localCSeq: number | null;
  /** The last sequence number received; null: none yet. */
  readonly remoteCSeq: number | null;
}

/** What makes messages of one dialog meet: Call-ID, our tag, the peer's tag (RFC 3261 §12). */
export function dialogKey(dialog: Pick<Dialog, 'callId' | 'localTag' | 'remoteTag'>): string {
  return keyOf(dialog.callId, dialog.localTag, dialog.remoteTag);
}

/** The key of the dialog that a received request belongs to: our tag stands in To. */
export function dialogKeyOfRequest(request: SipRequest): string {
  const { headers } = request;
  return keyOf(headers.first('call-id') ?? '', tagIn(headers, 'to'), tagIn(headers, 'from'));
}

/** The key of the dialog that a received response belongs to or makes: our tag stands in From. */
export function dialogKeyOfResponse(response: SipResponse): string {
  const { headers } = response;
  return keyOf(headers.first('call-id') ?? '', tagIn(headers, 'from'), tagIn(headers, 'to'));
}

/** A line feed stands in no header value, so the parts cannot run into each other. */
function keyOf(callId: string, localTag: string, remoteTag: string): string {
  return `${callId}\n${localTag}\n${remoteTag}`;
}

function tagIn(headers: SipHeaders, name: 'from' | 'to'): string {
  const value = headers.first(name);
  return value === null ? '' : (tagOf(value) ?? '');
}

/**
 * The dialog that a response to our INVITE makes (RFC 3261 §12.1.2). Null: a 100, a 3xx to 6xx, or a
 * provisional without a To tag, none of which makes one.
 *
 * Deviation: RFC 3261 §12.1.1 has Contact in every response that makes a dialog; where a gateway leaves it out
 * of a provisional, the Request-URI is the target until the 2xx names one.
 */
export function dialogFromResponse(request: SipRequest, response: SipResponse): Dialog | null {
  const { headers } = response;
  const remoteTag = tagIn(headers, 'to');
  if (response.status <= 100 || response.status >= 300) return null;
  if (response.status < 200 && remoteTag === '') return null;
  return {
    role: 'uac',
    state: response.status < 200 ? 'early' : 'confirmed',
    callId: request.headers.first('call-id') ?? '',
    localTag: tagIn(request.headers, 'from'),
    remoteTag,
    local: request.headers.first('from') ?? '',
    remote: headers.first('to') ?? '',
    remoteTarget: contactUri(response) ?? request.uri,
    // §12.1.2: the URIs of Record-Route in reverse order.
    routeSet: recordRoutes(response).reverse(),
    localCSeq: parseCSeq(request.headers.first('cseq') ?? '')?.number ?? null,
    remoteCSeq: null,
  };
}

/** The dialog that our response to a received INVITE makes (RFC 3261 §12.1.1). Null: the response makes none. */
export function dialogFromRequest(request: SipRequest, response: SipResponse): Dialog | null {
  const localTag = tagIn(response.headers, 'to');
  if (response.status <= 100 || response.status >= 300 || localTag === '') return null;
  return {
    role: 'uas',
    state: response.status < 200 ? 'early' : 'confirmed',
    callId: request.headers.first('call-id') ?? '',
    localTag,
    remoteTag: tagIn(request.headers, 'from'),
    local: response.headers.first('to') ?? '',
    remote: request.headers.first('from') ?? '',
    remoteTarget: contactUri(request) ?? fromUri(request),
    // §12.1.1: the URIs of Record-Route in order.
    routeSet: recordRoutes(request),
    localCSeq: null,
    remoteCSeq: parseCSeq(request.headers.first('cseq') ?? '')?.number ?? null,
  };
}

/** The dialog after its 2xx: confirmed, with route set and target of the 2xx (RFC 3261 §13.2.2.4, §12.2.1.2). */
export function confirmDialog(dialog: Dialog, response: SipResponse): Dialog {
  if (dialog.role === 'uas') return { ...dialog, state: 'confirmed' };
  const remoteTarget = contactUri(response) ?? dialog.remoteTarget;
  // §13.2.2.4: only of an early dialog; a 2xx to a re-INVITE leaves the route set alone.
  const routeSet = dialog.state === 'early' ? recordRoutes(response).reverse() : dialog.routeSet;
  return { ...dialog, state: 'confirmed', remoteTarget, routeSet };
}

/**
 * The dialog after a target refresh (RFC 3261 §12.2): the Contact of a received re-INVITE or UPDATE, or of a
 * 2xx to ours, is the new target.
 */
export function refreshTarget(dialog: Dialog, message: SipMessage): Dialog {
  const remoteTarget = contactUri(message);
  return remoteTarget === null ? dialog : { ...dialog, remoteTarget };
}

/**
 * Takes a received request, neither ACK nor CANCEL, into the dialog (RFC 3261 §12.2.2). Out of order: the
 * request is to be answered 500.
 */
export function receiveInDialog(dialog: Dialog, request: SipRequest): Result<Dialog, 'out-of-order'> {
  const number = parseCSeq(request.headers.first('cseq') ?? '')?.number ?? 0;
  if (dialog.remoteCSeq !== null && number < dialog.remoteCSeq) return err('out-of-order');
  return ok({ ...dialog, remoteCSeq: number });
}

/**
 * A request within the dialog and the dialog that has counted it (RFC 3261 §12.2.1.1): Request-URI, Route, From,
 * To, Call-ID, CSeq and Max-Forwards. Via is the transaction layer's; Contact and the rest are the caller's to
 * append.
 */
export function requestInDialog(
  dialog: Dialog,
  method: string,
  body: Uint8Array = noBody,
): { dialog: Dialog; request: SipRequest } {
  const number = (dialog.localCSeq ?? 0) + 1;
  const request = inDialog(dialog, method, number, body);
  return { dialog: { ...dialog, localCSeq: number }, request };
}

/**
 * The ACK for a 2xx to this INVITE (RFC 3261 §13.2.2.4): the INVITE's sequence number and credentials, and the
 * dialog's route set, which for an ACK to a 2xx is never the INVITE's.
 */
export function ackInDialog(dialog: Dialog, invite: SipRequest, body: Uint8Array = noBody): SipRequest {
  const number = parseCSeq(invite.headers.first('cseq') ?? '')?.number ?? dialog.localCSeq ?? 0;
  const request = inDialog(dialog, 'ACK', number, body);
  for (const { name, value, canonical } of invite.headers.canonicalFields()) {
    if (canonical === 'authorization' || canonical === 'proxy-authorization')
      request.headers.append(name, value);
  }
  return request;
}

/** RFC 3261 §8.1.1.6: 70. */
const maxForwards = '70';

function inDialog(dialog: Dialog, method: string, number: number, body: Uint8Array): SipRequest {
  const { uri, routes } = routed(dialog);
  const headers = new SipHeaders();
  for (const route of routes) headers.append('Route', route);
  headers
    .append('Max-Forwards', maxForwards)
    .append('From', dialog.local)
    .append('To', dialog.remote)
    .append('Call-ID', dialog.callId)
    .append('CSeq', `${number} ${method}`);
  return { type: 'request', method, uri, headers, body };
}

/** RFC 3261 §12.2.1.1: a first route without `lr` is a strict router, which wants to stand in the Request-URI. */
function routed(dialog: Dialog): { uri: string; routes: readonly string[] } {
  const [first, ...rest] = dialog.routeSet;
  const parsed = first === undefined ? null : parseNameAddr(first);
  if (parsed === null || isLooseRouter(parsed.uri))
    return { uri: dialog.remoteTarget, routes: dialog.routeSet };
  return { uri: parsed.uri, routes: [...rest, `<${dialog.remoteTarget}>`] };
}

function isLooseRouter(uri: string): boolean {
  const parsed = parseSipUri(uri);
  return parsed === null || hasParam(parsed.params, 'lr');
}

/** The URI whose host says where a request goes (RFC 3261 §8.1.2): the first Route, else the Request-URI. */
export function nextHopUri(request: SipRequest): string {
  const first = parseNameAddrList(request.headers.all('route').slice(0, 1))?.[0];
  return first !== undefined && isLooseRouter(first.uri) ? first.uri : request.uri;
}

function contactUri(message: SipMessage): string | null {
  const contact = parseNameAddrList(message.headers.all('contact'))?.[0];
  return contact === undefined || contact.uri === '*' ? null : contact.uri;
}

function fromUri(request: SipRequest): string {
  return parseNameAddr(request.headers.first('from') ?? '')?.uri ?? request.uri;
}

function recordRoutes(message: SipMessage): string[] {
  return (parseNameAddrList(message.headers.all('record-route')) ?? []).map(printNameAddr);
}
