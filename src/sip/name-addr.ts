import { paramValue, parseParams, printParams, withParam } from './params.ts';
import type { Params } from './params.ts';
import { skipQuoted, splitList, trimmed } from './text.ts';

/** name-addr or addr-spec with header parameters: From, To, Contact, Route, P-Asserted-Identity ... */
export interface NameAddr {
  /** As written, quotes included; empty: none. `displayText` gives what is meant. */
  readonly display: string;
  /** As written, without the brackets. */
  readonly uri: string;
  /** Of the header field: what follows `>`, or for an addr-spec without brackets what follows the first `;`. */
  readonly params: Params;
}

/**
 * Parses one element. RFC 3261 §20.10: without `<>` everything after `;` belongs to the header, and the URI
 * may then hold no `,`, `;` or `?`. Null: broken.
 */
export function parseNameAddr(text: string): NameAddr | null {
  const open = startOfBracket(text);
  if (open < 0) return open === -2 ? null : parseAddrSpec(text);
  const close = text.indexOf('>', open);
  if (close < 0) return null;
  const uri = text.slice(open + 1, close);
  const params = parseParams(text, close + 1);
  if (params === null || uri === '') return null;
  return { display: trimmed(text, 0, open), uri, params };
}

/** The index of `<` outside quotes; -1: none; -2: quotes never close. */
function startOfBracket(text: string): number {
  let from = 0;
  const quote = text.indexOf('"');
  const open = text.indexOf('<');
  if (open >= 0 && (quote < 0 || open < quote)) return open;
  if (quote >= 0) {
    // An addr-spec may have a quoted parameter; a display name's quotes come first.
    const end = skipQuoted(text, quote);
    if (end < 0) return -2;
    from = end;
  }
  return text.indexOf('<', from);
}

function parseAddrSpec(text: string): NameAddr | null {
  const semicolon = text.indexOf(';');
  const uri = trimmed(text, 0, semicolon < 0 ? text.length : semicolon);
  if (uri === '' || /[\s,?"<>]/.test(uri)) return null;
  const params = semicolon < 0 ? [] : parseParams(text, semicolon);
  return params === null ? null : { display: '', uri, params };
}

/** All elements of all fields of one header, in order (Contact, Route, Record-Route). Null: one is broken. */
export function parseNameAddrList(values: readonly string[]): NameAddr[] | null {
  const elements = splitList(values);
  if (elements === null) return null;
  const list: NameAddr[] = [];
  for (const element of elements) {
    const parsed = parseNameAddr(element);
    if (parsed === null) return null;
    list.push(parsed);
  }
  return list;
}

/**
 * Always with brackets, so that parameters of URI and header stay apart; and with the quotes that a display name
 * needs and had not (RFC 4475 §3.1.2.15: the error is not to be propagated).
 */
export function printNameAddr(nameAddr: NameAddr): string {
  const { display, uri, params } = nameAddr;
  const quoted = display.startsWith('"') || !needsQuotes.test(display) ? display : quoteDisplay(display);
  return `${quoted === '' ? '' : `${quoted} `}<${uri}>${printParams(params)}`;
}

/** RFC 3261 §25.1: display-name = *(token LWS) / quoted-string. */
const needsQuotes = /[^A-Za-z0-9\-.!%*_+`'~ \t]/;

/**
 * Whether a display name can mean one thing only: none, quoted as a whole, or without what separates elsewhere.
 * `Müller (Sales)` is taken for what it is, as RFC 4475 §3.1.2.15 allows.
 */
export function isClearDisplay(display: string): boolean {
  if (!display.startsWith('"')) return !/[",;:@\\]/.test(display);
  return skipQuoted(display, 0) === display.length;
}

/** The display name without quotes and backslashes. */
export function displayText(nameAddr: NameAddr): string {
  const { display } = nameAddr;
  if (!display.startsWith('"')) return display;
  return display.slice(1, -1).replace(/\\([^])/g, '$1');
}

/** A display name as a quoted string (RFC 3261 §25.1); control characters are left out. */
export function quoteDisplay(text: string): string {
  const clean = text.replace(/[\x00-\x1f\x7f]/g, '');
  return `"${clean.replace(/["\\]/g, '\\$&')}"`;
}

/** The tag of a From or To value; null: none, or the value is broken. */
export function tagOf(value: string): string | null {
  const parsed = parseNameAddr(value);
  return parsed === null ? null : (paramValue(parsed.params, 'tag') ?? null);
}

/** The From or To value with this tag, whatever it had. A broken value comes back as it was. */
export function withTag(value: string, tag: string): string {
  const parsed = parseNameAddr(value);
  if (parsed === null) return value;
  return printNameAddr({ ...parsed, params: withParam(parsed.params, 'tag', tag) });
}
