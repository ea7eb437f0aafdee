import type { MessageLimits } from './limits.ts';
import { SipHeaders } from './message.ts';
import type { ParseFaultReason } from './parse-fault.ts';
import { isToken, isWhite, trimmed } from './text.ts';

/** Start-line and header fields, read as far as they can be. */
export interface Head {
  readonly startLine: string;
  readonly headers: SipHeaders;
  /** The index after the empty line; -1: there is none. */
  readonly end: number;
  /** The first thing that was wrong; the lines around it were read all the same. */
  readonly fault: ParseFaultReason | null;
}

const lineFeed = 0x0a;
const carriageReturn = 0x0d;

/**
 * Reads the head of a message from text in which each character is a byte. Lines end in CRLF, or in LF alone,
 * which means nothing else and so harms nobody. Folded lines (RFC 3261 §7.3.1) become one, the fold one space.
 */
export function readHead(text: string, limits: MessageLimits): Head {
  const headers = new SipHeaders();
  let at = text.indexOf('\n') + 1;
  if (at === 0) return { startLine: text, headers, end: -1, fault: 'no-end-of-head' };
  const startLine = text.slice(0, endOfContent(text, 0, at));
  const hostile = hasHostileCharacter(text);
  let fault: ParseFaultReason | null = hostile ? 'bare-cr-or-nul' : null;
  while (at < text.length) {
    let next = text.indexOf('\n', at) + 1;
    if (next === 0) break;
    const end = endOfContent(text, at, next);
    if (end === at) return { startLine, headers, end: next, fault };
    const from = at;
    while (isWhite(text.charCodeAt(next))) next = text.indexOf('\n', next) + 1 || text.length;
    at = next;
    if (hostile && /\r(?!\n)|\0/.test(text.slice(from, next))) continue;
    // A broken field does not keep the next from being read: they are what an answer is made of.
    const wrong = readField({ headers, text, limits }, from, end, next);
    fault ??= wrong;
    if (wrong === 'too-many-headers') break;
  }
  return { startLine, headers, end: -1, fault: fault ?? 'no-end-of-head' };
}

/** The end of the line's text: before LF, and before CR where there is one. */
function endOfContent(text: string, from: number, next: number): number {
  const end = next - 1;
  return end > from && text.charCodeAt(end - 1) === carriageReturn ? end - 1 : end;
}

interface Reading {
  readonly headers: SipHeaders;
  readonly text: string;
  readonly limits: MessageLimits;
}

/** Appends the field that begins at `from`; its first line ends at `end`, its last before `next`. */
function readField(
  { headers, text, limits }: Reading,
  from: number,
  end: number,
  next: number,
): ParseFaultReason | null {
  if (headers.length >= limits.headers) return 'too-many-headers';
  const colon = text.indexOf(':', from);
  if (colon < 0 || colon >= end) return 'bad-header';
  // RFC 3261 §25.1, HCOLON: white space may stand before the colon.
  const name = trimmed(text, from, colon);
  if (isWhite(text.charCodeAt(from)) || !isToken(name)) return 'bad-header';
  if (next - colon > limits.headerBytes) return 'header-too-long';
  const folded = endOfContent(text, from, next) !== end;
  headers.append(name, folded ? unfolded(text, colon + 1, next) : trimmed(text, colon + 1, end));
  return null;
}

/** RFC 3261 §7.3.1: a fold with the white space around it stands for one space. */
function unfolded(text: string, from: number, next: number): string {
  let value = '';
  let at = from;
  while (at < next) {
    const lineEnd = text.indexOf('\n', at);
    const stop = lineEnd < 0 || lineEnd >= next ? next : lineEnd + 1;
    const end = text.charCodeAt(stop - 1) === lineFeed ? endOfContent(text, at, stop) : stop;
    const piece = trimmed(text, at, end);
    if (piece !== '') value = value === '' ? piece : `${value} ${piece}`;
    at = stop;
  }
  return value;
}

/**
 * A CR that ends no line would end one for a laxer reader behind us; a NUL would end the string. Only a
 * quoted-pair may hold NUL (RFC 3261 §25.1).
 */
function hasHostileCharacter(text: string): boolean {
  return /\r(?!\n)/.test(text) || (text.includes('\0') && /(?:^|[^\\])\0/.test(text));
}
