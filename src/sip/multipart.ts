import { maxParts } from './limits.ts';

/** A part of a multipart body (RFC 2046 §5.1.1), by offsets into its text. */
export interface BodyPart {
  /** Of its delimiter line, and of the next one: what is cut out with the part. */
  readonly start: number;
  readonly end: number;
  /** Of its header fields. */
  readonly head: number;
  /** Of its content, without the line end that belongs to the next delimiter. */
  readonly content: number;
  readonly contentEnd: number;
}

/** A multipart body as text in which each character is one byte (latin1). */
export interface Multipart {
  readonly text: string;
  readonly boundary: string;
  readonly parts: readonly BodyPart[];
}

/** Type and subtype of a Content-Type, in lower case. */
export function mediaType(contentType: string): string {
  return (contentType.split(';', 1)[0] ?? '').trim().toLowerCase();
}

/** Reads a multipart body. Null: its type is another one, it has no boundary, no part, or too many. */
export function readMultipart(contentType: string, body: Uint8Array): Multipart | null {
  if (!mediaType(contentType).startsWith('multipart/')) return null;
  const named = /;\s*boundary\s*=\s*(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i.exec(contentType);
  const boundary = named?.[1] ?? named?.[2];
  if (boundary === undefined) return null;
  const text = Buffer.from(body.buffer, body.byteOffset, body.length).toString('latin1');
  const lines = delimiterLines(text, `--${boundary}`);
  const parts = lines.flatMap((line, i) => (line.closes ? [] : partAfter(text, line, lines[i + 1])));
  return parts.length === 0 || parts.length > maxParts ? null : { text, boundary, parts };
}

interface Delimiter {
  /** Of the line, and behind its end. */
  readonly start: number;
  readonly after: number;
  /** It is the last one. Where none is, the last part ends with the body. */
  readonly closes: boolean;
}

/** Lines that consist of the delimiter and white space; the last one ends in `--`. */
function delimiterLines(text: string, delimiter: string): Delimiter[] {
  const found: Delimiter[] = [];
  for (let at = text.indexOf(delimiter); at >= 0; at = text.indexOf(delimiter, at + delimiter.length)) {
    if (at > 0 && text.charAt(at - 1) !== '\n') continue;
    const feed = text.indexOf('\n', at);
    const after = feed < 0 ? text.length : feed + 1;
    const rest = text.slice(at + delimiter.length, after).trim();
    if (rest === '' || rest === '--') found.push({ start: at, after, closes: rest === '--' });
    if (rest === '--' || found.length > maxParts) break;
  }
  return found;
}

/** None where no empty line ends its header fields: RFC 2046 §5.1.1 has one even in a part without any. */
function partAfter(text: string, { start, after }: Delimiter, next: Delimiter | undefined): BodyPart[] {
  const end = next?.start ?? text.length;
  const lineEnd = text.slice(after, end).endsWith('\r\n') ? 2 : 1;
  const contentEnd = next === undefined ? end : end - lineEnd;
  const content = behindEmptyLine(text, after, end);
  return content === null
    ? []
    : [{ start, end, head: after, content, contentEnd: Math.max(contentEnd, content) }];
}

function behindEmptyLine(text: string, from: number, end: number): number | null {
  for (let at = from; at < end; ) {
    const feed = text.indexOf('\n', at);
    if (feed < 0 || feed >= end) return null;
    if (text.slice(at, feed).trim() === '') return feed + 1;
    at = feed + 1;
  }
  return null;
}

/** The value of a header field of a part, by its name in lower case. */
export function partHeader({ text }: Multipart, { head, content }: BodyPart, name: string): string | null {
  for (const line of text.slice(head, content).split('\n')) {
    const colon = line.indexOf(':');
    if (colon > 0 && line.slice(0, colon).trim().toLowerCase() === name) return line.slice(colon + 1).trim();
  }
  return null;
}

/** The body with other content in a part; null: without the part. */
export function replacePart({ text }: Multipart, part: BodyPart, content: Uint8Array | null): Uint8Array {
  if (content === null) return Buffer.from(text.slice(0, part.start) + text.slice(part.end), 'latin1');
  // RFC 3261 has no such field in a part, and gateways write it: it would count the old content.
  const head = text.slice(part.head, part.content).replace(/^content-length[ \t]*:[^\n]*\n/gim, '');
  const before = Buffer.from(text.slice(0, part.head) + head, 'latin1');
  return Buffer.concat([before, content, Buffer.from(text.slice(part.contentEnd), 'latin1')]);
}

/** The body with another part before its first one. */
export function addPart({ text, boundary, parts }: Multipart, type: string, content: Uint8Array): Uint8Array {
  const at = parts[0]?.start ?? 0;
  return Buffer.concat([
    Buffer.from(`${text.slice(0, at)}--${boundary}\r\nContent-Type: ${type}\r\n\r\n`, 'latin1'),
    content,
    Buffer.from(`\r\n${text.slice(at)}`, 'latin1'),
  ]);
}
