import { err, ok } from '../kernel/result.ts';
import type { Result } from '../kernel/result.ts';
import { parseCSeq } from './cseq.ts';
import { readHead } from './head.ts';
import type { Head } from './head.ts';
import { defaultLimits } from './limits.ts';
import type { MessageLimits } from './limits.ts';
import { noBody } from './message.ts';
import type { SipHeaders, SipMessage, SipRequest, SipResponse } from './message.ts';
import { isClearDisplay, parseNameAddr, parseNameAddrList } from './name-addr.ts';
import { faultOf } from './parse-fault.ts';
import type { ParseFault, ParseFaultReason } from './parse-fault.ts';
import { isToken, parseDecimal } from './text.ts';
import { parseUri } from './uri.ts';
import { hasSentBy, parseVia } from './via.ts';

/**
 * Parses one message: a datagram, or what `StreamFramer` cut out of a stream. *Takes* the bytes: the body is a
 * view of them. What it gives has the mandatory headers (RFC 3261 §8.1.1), and they can be parsed.
 */
export function parseMessage(
  bytes: Uint8Array,
  limits: MessageLimits = defaultLimits,
): Result<SipMessage, ParseFault> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const from = skipLineEnds(buffer);
  if (from === buffer.length) return err(faultOf('keep-alive', null, false));
  const headEnd = buffer.indexOf('\r\n\r\n', from, 'latin1');
  const until = headEnd < 0 ? buffer.length : headEnd + 4;
  const text = buffer.toString('latin1', from, Math.min(until, from + limits.headBytes));
  const head = readHead(text, limits);
  const tooLong = until - from > limits.headBytes && head.end < 0;
  const body = head.end < 0 ? noBody : buffer.subarray(from + head.end);
  const fault = tooLong ? 'head-too-long' : (sizeFault(buffer, body, head, limits) ?? head.fault);
  return isStatusLine(text) ? parseResponse(head, body, fault) : parseRequest(head, body, fault);
}

function sizeFault(
  whole: Uint8Array,
  body: Uint8Array,
  { startLine }: Head,
  limits: MessageLimits,
): ParseFaultReason | null {
  if (whole.length > limits.messageBytes) return 'too-long';
  if (body.length > limits.bodyBytes) return 'body-too-long';
  return startLine.length > limits.headerBytes ? 'uri-too-long' : null;
}

/** RFC 3261 §7.5: CRLFs before the start-line are ignored. */
function skipLineEnds(bytes: Uint8Array): number {
  let at = 0;
  while (at < bytes.length && (bytes[at] === 0x0d || bytes[at] === 0x0a)) at += 1;
  return at;
}

function isStatusLine(text: string): boolean {
  return text.slice(0, 4).toUpperCase() === 'SIP/';
}

/** RFC 3261 §7.1: Method SP Request-URI SP SIP-Version, one space each. */
function parseRequest(
  head: Head,
  body: Uint8Array,
  known: ParseFaultReason | null,
): Result<SipRequest, ParseFault> {
  const { startLine, headers } = head;
  const first = startLine.indexOf(' ');
  const last = startLine.lastIndexOf(' ');
  const method = startLine.slice(0, first);
  const version = startLine.slice(last + 1);
  // Without a method and a version it may be anything, and is not answered.
  if (first < 1 || !isToken(method) || !/ SIP\/\d+\.\d+[ \t]*$/i.test(startLine)) {
    return err(faultOf('not-sip', null, false));
  }
  const uri = startLine.slice(first + 1, last);
  const via = parseVia(headers.first('via') ?? '');
  const length = bodyLength(headers, body);
  const fault =
    known ??
    requestLineFault(version, uri) ??
    (via === null ? 'bad-via' : null) ??
    headersFault(headers, method) ??
    requestFault(headers) ??
    (typeof length === 'string' ? length : null);
  if (fault !== null || typeof length === 'string') {
    const request: SipRequest = { type: 'request', method, uri, headers, body: noBody };
    return err(faultOf(fault ?? 'short-body', request, hasSentBy(headers.first('via') ?? '')));
  }
  return ok({ type: 'request', method, uri, headers, body: body.subarray(0, length) });
}

function requestLineFault(version: string, uri: string): ParseFaultReason | null {
  // RFC 3261 §7.1: the version is case-insensitive.
  if (version === '') return 'bad-start-line';
  if (version.toUpperCase() !== 'SIP/2.0') return 'bad-version';
  const parsed = parseUri(uri);
  // RFC 3261 §19.1.1, table 1: a Request-URI has no headers.
  const hasHeaders =
    parsed !== null && parsed.scheme !== 'tel' && parsed.scheme !== 'other' && parsed.headers !== null;
  return parsed === null || hasHeaders ? 'bad-request-uri' : null;
}

/** RFC 3261 §7.2: SIP-Version SP Status-Code SP Reason-Phrase. A malformed response is dropped (§18.3). */
function parseResponse(
  head: Head,
  body: Uint8Array,
  known: ParseFaultReason | null,
): Result<SipResponse, ParseFault> {
  const { startLine, headers } = head;
  const parts = /^SIP\/2\.0 ([1-6]\d\d)(?: (.*))?$/i.exec(startLine);
  const method = parseCSeq(headers.first('cseq') ?? '')?.method ?? '';
  const length = bodyLength(headers, body);
  const fault =
    known ??
    (parts === null ? 'bad-status-line' : null) ??
    (parseVia(headers.first('via') ?? '') === null ? 'bad-via' : null) ??
    headersFault(headers, method) ??
    (typeof length === 'string' ? length : null);
  if (fault !== null || parts === null || typeof length === 'string') {
    return err(faultOf(fault ?? 'bad-status-line', null, false));
  }
  const phrase = parts[2] ?? '';
  return ok({
    type: 'response',
    status: Number(parts[1]),
    phrase,
    headers,
    body: body.subarray(0, length),
  });
}

/** RFC 3261 §8.1.1: what every message has, each once. */
function headersFault(headers: SipHeaders, method: string): ParseFaultReason | null {
  if (!isAddress(headers, 'from')) return 'bad-from';
  if (!isAddress(headers, 'to')) return 'bad-to';
  const callId = headers.first('call-id');
  if (callId === null || callId === '' || /[ \t]/.test(callId) || headers.count('call-id') > 1) {
    return 'bad-call-id';
  }
  const cseq = parseCSeq(headers.first('cseq') ?? '');
  // RFC 3261 §8.1.1.5: the method MUST match that of the request.
  if (cseq?.method !== method || headers.count('cseq') > 1) return 'bad-cseq';
  return maxForwardsFault(headers);
}

/** RFC 3261 §20.22: an integer in the range 0 to 255. It may be missing (RFC 2543). */
function maxForwardsFault(headers: SipHeaders): ParseFaultReason | null {
  const value = headers.first('max-forwards');
  if (value === null) return null;
  return parseDecimal(value, 255) === null || headers.count('max-forwards') > 1 ? 'bad-max-forwards' : null;
}

/** What only a request is refused for; a response would be lost for it, and its call with it. */
function requestFault(headers: SipHeaders): ParseFaultReason | null {
  const contacts = headers.all('contact');
  // RFC 3261 §20.10: an address, or `*`.
  if (contacts.length > 0 && contacts[0] !== '*' && parseNameAddrList(contacts) === null)
    return 'bad-contact';
  const date = headers.first('date');
  return date !== null && !sipDate.test(date) ? 'bad-date' : null;
}

/** RFC 3261 §25.1, SIP-date: GMT and no other zone. What relies on it (RFC 8224 §4.1) is not ours to mend. */
const sipDate = /^[A-Za-z]{3}, \d{1,2} [A-Za-z]{3} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

function isAddress(headers: SipHeaders, name: string): boolean {
  const value = headers.first(name);
  if (value === null || headers.count(name) > 1) return false;
  const parsed = parseNameAddr(value);
  if (parsed === null || !isClearDisplay(parsed.display)) return false;
  return /^[A-Za-z][A-Za-z0-9+.-]*:[^\s<>]+$/.test(parsed.uri);
}

/**
 * How much of the bytes is the body (RFC 3261 §18.3): all without Content-Length, else what it says, and the
 * rest of the datagram is discarded. Fewer bytes than it says are an error.
 */
function bodyLength(headers: SipHeaders, body: Uint8Array): number | ParseFaultReason {
  const value = headers.first('content-length');
  if (value === null) return body.length;
  const length = parseDecimal(value, Number.MAX_SAFE_INTEGER);
  if (length === null || headers.count('content-length') > 1) return 'bad-content-length';
  return length > body.length ? 'short-body' : length;
}
