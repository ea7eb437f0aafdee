import { canonicalName } from '../../sip/header-name.ts';
import { mediaType } from '../../sip/multipart.ts';
import { sdpPart } from '../sdp-body.ts';
import { redactHeader, redactUris } from './redact-header.ts';
import { redactSdp } from './redact-sdp.ts';

/** A message without its secrets, in latin1 as it came: each character is a byte. */
export interface RedactedMessage {
  readonly startLine: string;
  /** Start line and headers as written, each line ended by CRLF. */
  readonly head: string;
  /** SDP without its keys, or what stands for another body: its type and size. */
  readonly body: string;
}

/**
 * What of a message may be kept or shown: every header but credentials, SDP but its keys. Any other body goes,
 * since it may be digits (RFC 6086 INFO, RFC 4730 KPML) or what people wrote to each other (RFC 3428 MESSAGE).
 */
export function redactMessage(bytes: Buffer): RedactedMessage {
  const text = bytes.toString('latin1');
  // RFC 3261 §7.5: line ends before the start line mean nothing.
  const from = text.startsWith('\r') || text.startsWith('\n') ? text.search(/[^\r\n]/) : 0;
  const { headEnd, bodyAt } = endOfHead(text, from);
  const [startLine = '', ...lines] = text.slice(from, headEnd).split(/\r?\n/);
  const facts: BodyFacts = { type: null, encoding: 'identity', length: null };
  let head = '';
  for (const [name, field] of fieldsOf(lines)) {
    const canonical = canonicalName(name);
    note(facts, canonical, field);
    head += `${redactHeader(canonical, field)}\r\n`;
  }
  const shown = redactUris(startLine);
  const body = text.slice(bodyAt, bodyAt + (facts.length ?? text.length));
  return { startLine: shown, head: `${shown}\r\n${redactUris(head)}`, body: redactBody(body, facts) };
}

interface BodyFacts {
  type: string | null;
  encoding: string;
  length: number | null;
}

/** A head that never ends is one without a body. */
function endOfHead(text: string, from: number): { headEnd: number; bodyAt: number } {
  const usual = text.indexOf('\r\n\r\n', from);
  const bare = text.indexOf('\n\n', from);
  if (bare >= 0 && (usual < 0 || bare < usual)) return { headEnd: bare, bodyAt: bare + 2 };
  return usual < 0 ? { headEnd: text.length, bodyAt: text.length } : { headEnd: usual, bodyAt: usual + 4 };
}

/** Name and whole field of each header; RFC 3261 §7.3.1: a line that begins with white space goes on the one before. */
function fieldsOf(lines: readonly string[]): [name: string, field: string][] {
  const fields: [string, string][] = [];
  for (const line of lines) {
    const last = fields.at(-1);
    if (last !== undefined && (line.startsWith(' ') || line.startsWith('\t'))) {
      last[1] += `\r\n${line}`;
      continue;
    }
    const colon = line.indexOf(':');
    fields.push([(colon < 0 ? line : line.slice(0, colon)).trimEnd(), line]);
  }
  return fields;
}

function note(facts: BodyFacts, canonical: string, field: string): void {
  if (!canonical.startsWith('content-')) return;
  const value = field.slice(field.indexOf(':') + 1).trim();
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
