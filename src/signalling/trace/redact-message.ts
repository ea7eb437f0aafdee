import { canonicalName } from '../../sip/header-name.ts';
import { mediaType } from '../../sip/multipart.ts';
import { sdpPart } from '../sdp-body.ts';
import { redactHeader } from './redact-header.ts';
import { redactSdp } from './redact-sdp.ts';
import { redactUris } from './redact-uris.ts';

/** A message without its secrets, in latin1 as it came: each character is a byte. */
export interface RedactedMessage {
  /** Start line and headers as written, each line ended by CRLF. */
  readonly head: string;
  /** SDP without its keys, or what stands for another body: its type and size. */
  readonly body: string;
}

interface BodyFacts {
  type: string | null;
  encoding: string;
  length: number | null;
}

/**
 * What of a message may be kept or shown: every header but credentials, SDP but its keys. Any other body goes,
 * since it may be digits (RFC 6086 INFO, RFC 4730 KPML) or what people wrote to each other (RFC 3428 MESSAGE).
 */
export function redactMessage(bytes: Buffer): RedactedMessage {
  const text = bytes.toString('latin1');
  const facts: BodyFacts = { type: null, encoding: 'identity', length: null };
  // RFC 3261 §7.5: line ends before the start line mean nothing.
  let at = text.startsWith('\r') || text.startsWith('\n') ? Math.max(0, text.search(/[^\r\n]/)) : 0;
  let head = '';
  while (at < text.length) {
    const end = endOfField(text, at);
    const field = text.slice(at, text.charCodeAt(end - 1) === carriageReturn ? end - 1 : end);
    at = end + 1;
    if (field === '') break;
    head += `${head === '' ? redactUris(field) : redactField(field, facts)}\r\n`;
  }
  const body = text.slice(at, at + (facts.length ?? text.length));
  return { head, body: redactBody(body, facts) };
}

const carriageReturn = 0x0d;

/** Where the line feed stands that ends it; RFC 3261 §7.3.1: a line that begins with white space goes on it. */
function endOfField(text: string, from: number): number {
  for (let end = text.indexOf('\n', from); end >= 0; end = text.indexOf('\n', end + 1)) {
    const next = text.charAt(end + 1);
    if (next !== ' ' && next !== '\t') return end;
  }
  return text.length;
}

function redactField(field: string, facts: BodyFacts): string {
  const colon = field.indexOf(':');
  const canonical = canonicalName(colon < 0 ? field : field.slice(0, colon).trimEnd());
  if (canonical.startsWith('content-')) note(facts, canonical, field.slice(colon + 1).trim());
  return redactHeader(canonical, field);
}

function note(facts: BodyFacts, canonical: string, value: string): void {
  if (canonical === 'content-type') facts.type = value;
  else if (canonical === 'content-encoding') facts.encoding = value.toLowerCase();
  else if (canonical === 'content-length' && /^\d{1,9}$/.test(value)) facts.length = Number(value);
}

function redactBody(body: string, { type, encoding }: BodyFacts): string {
  if (body === '') return '';
  const kind = mediaType(type ?? (body.startsWith('v=') ? 'application/sdp' : 'unknown'));
  const stands = `[${/^[-a-z0-9!#$&^_.+/]{1,100}$/.test(kind) ? kind : 'unknown'}, ${body.length} bytes]`;
  if (encoding !== 'identity') return stands;
  if (kind === 'application/sdp') return redactSdp(body);
  // RFC 3515 §2.4.5: how a transfer went. Its first line has a status and no more.
  const status = kind === 'message/sipfrag' ? /^SIP\/2\.0 [1-6]\d\d(?= )/i.exec(body) : null;
  if (status !== null) return `${stands} ${status[0]}`;
  const part = type === null ? null : sdpPart(type, Buffer.from(body, 'latin1'));
  return part === null ? stands : `${stands}\r\n${redactSdp(Buffer.from(part).toString('latin1'))}`;
}
