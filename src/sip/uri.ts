import { parseParams, paramValue, printParams } from './params.ts';
import type { Params } from './params.ts';
import { consistsOf, parseDecimal, tableOf } from './text.ts';

/** RFC 3261 §19.1. Everything is as written, escapes included; `decodeUser` gives what is meant. */
export interface SipUri {
  readonly scheme: 'sip' | 'sips';
  readonly user: string | null;
  readonly password: string | null;
  /** A name, an IPv4 address, or an IPv6 address in brackets. */
  readonly host: string;
  readonly port: number | null;
  readonly params: Params;
  /** What follows `?`, as written; null: nothing. */
  readonly headers: string | null;
}

/** RFC 3966. `number` as written, visual separators included. */
interface TelUri {
  readonly scheme: 'tel';
  readonly number: string;
  readonly params: Params;
}

/** Any other scheme (`urn:service:sos`, `http:`). Scheme in lower case. */
interface OtherUri {
  readonly scheme: 'other';
  readonly name: string;
  readonly rest: string;
}

export type Uri = SipUri | TelUri | OtherUri;

const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
const digits = '0123456789';
const unreserved = tableOf(`${letters}${digits}-_.!~*'()`);
/** RFC 3261 §25.1: unreserved / user-unreserved, and `%` and the `:` before the password. */
const userinfo = tableOf(`${letters}${digits}-_.!~*'()&=+$,;?/%:#`);
/** The same without `%` and `:`: what `encodeUser` leaves as it is. */
const plainUser = tableOf(`${letters}${digits}-_.!~*'()&=+$,;?/`);
const hostname = tableOf(`${letters}${digits}-._`);
const ipv6 = tableOf(`${digits}abcdefABCDEF:.`);
const scheme = tableOf(`${letters}${digits}+-.`);
const telephone = tableOf(`${digits}+-.()abcdefABCDEF*#`);
/** What no URI may hold unescaped: controls, space, `"`, `<`, `>`, `\`, `^`, `` ` ``, `{`, `|`, `}`, and bytes above 0x7e. */
const never = /[\x00-\x20"<>\\^`{|}\x7f-\xff]/;

/** Parses a URI as it stands between `<` and `>` or in a Request-URI. Null: broken. */
export function parseUri(text: string): Uri | null {
  const colon = text.indexOf(':');
  if (colon < 1 || never.test(text) || !escapesAreWhole(text)) return null;
  const name = text.slice(0, colon).toLowerCase();
  if (name === 'sip' || name === 'sips') return parseSip(name, text, colon + 1);
  if (name === 'tel') return parseTel(text, colon + 1);
  // RFC 3986 §3.1: a scheme begins with a letter.
  if (!/^[a-z]/.test(name) || !consistsOf(scheme, name, 0, name.length)) return null;
  if (colon + 1 === text.length) return null;
  return { scheme: 'other', name, rest: text.slice(colon + 1) };
}

export function parseSipUri(text: string): SipUri | null {
  const uri = parseUri(text);
  return uri !== null && (uri.scheme === 'sip' || uri.scheme === 'sips') ? uri : null;
}

function parseSip(name: 'sip' | 'sips', text: string, from: number): SipUri | null {
  const at = text.indexOf('@', from);
  const hostFrom = at < 0 ? from : at + 1;
  let user: string | null = null;
  let password: string | null = null;
  if (at >= 0) {
    if (!consistsOf(userinfo, text, from, at)) return null;
    const colon = text.indexOf(':', from);
    const split = colon >= 0 && colon < at ? colon : at;
    if (split === from) return null;
    user = text.slice(from, split);
    if (split < at) password = text.slice(split + 1, at);
  }
  const question = text.indexOf('?', hostFrom);
  const headersFrom = question < 0 ? text.length : question;
  const semicolon = text.indexOf(';', hostFrom);
  const paramsFrom = semicolon < 0 || semicolon > headersFrom ? headersFrom : semicolon;
  const hostport = parseHostPort(text.slice(hostFrom, paramsFrom));
  if (hostport === null) return null;
  const params = parseParams(text.slice(paramsFrom, headersFrom), 0);
  if (params === null) return null;
  const headers = question < 0 ? null : text.slice(question + 1);
  return { scheme: name, user, password, host: hostport.host, port: hostport.port, params, headers };
}

/** `host`, `host:port`, `[v6]`, `[v6]:port`. Null: broken, or more after it. */
export function parseHostPort(text: string): { host: string; port: number | null } | null {
  const bracketed = text.startsWith('[');
  const hostEnd = bracketed ? text.indexOf(']') + 1 : (text.indexOf(':') + 1 || text.length + 1) - 1;
  if (bracketed ? !consistsOf(ipv6, text, 1, hostEnd - 1) : !consistsOf(hostname, text, 0, hostEnd))
    return null;
  const host = text.slice(0, hostEnd);
  if (hostEnd === text.length) return { host, port: null };
  if (text[hostEnd] !== ':') return null;
  const port = parseDecimal(text.slice(hostEnd + 1), 65_535);
  return port === null ? null : { host, port };
}

function parseTel(text: string, from: number): TelUri | null {
  const semicolon = text.indexOf(';', from);
  const end = semicolon < 0 ? text.length : semicolon;
  if (!consistsOf(telephone, text, from, end)) return null;
  const params = parseParams(text, end);
  return params === null ? null : { scheme: 'tel', number: text.slice(from, end), params };
}

/** RFC 3261 §25.1: escaped = "%" HEXDIG HEXDIG, and no other `%`. */
function escapesAreWhole(text: string): boolean {
  let at = text.indexOf('%');
  while (at >= 0) {
    if (!isHex(text.charCodeAt(at + 1)) || !isHex(text.charCodeAt(at + 2))) return false;
    at = text.indexOf('%', at + 3);
  }
  return true;
}

function isHex(code: number): boolean {
  return (code >= 0x30 && code <= 0x39) || ((code | 0x20) >= 0x61 && (code | 0x20) <= 0x66);
}

export function printUri(uri: Uri): string {
  if (uri.scheme === 'other') return `${uri.name}:${uri.rest}`;
  if (uri.scheme === 'tel') return `tel:${uri.number}${printParams(uri.params)}`;
  const password = uri.password === null ? '' : `:${uri.password}`;
  const user = uri.user === null ? '' : `${uri.user}${password}@`;
  const port = uri.port === null ? '' : `:${uri.port}`;
  const headers = uri.headers === null ? '' : `?${uri.headers}`;
  return `${uri.scheme}:${user}${uri.host}${port}${printParams(uri.params)}${headers}`;
}

/**
 * The user (of sip and sips) or number (of tel) with escapes decoded, as UTF-8 where it is that and else as
 * latin1; empty where there is none. It may hold any character, NUL included.
 */
export function decodeUser(uri: Uri): string {
  if (uri.scheme === 'other') return '';
  const text = uri.scheme === 'tel' ? uri.number : (uri.user ?? '');
  return unescapeText(text);
}

function unescapeText(text: string): string {
  if (!text.includes('%')) return text;
  const bytes = unescapeBytes(text);
  const utf8 = bytes.toString('utf8');
  return utf8.includes('\ufffd') ? bytes.toString('latin1') : utf8;
}

function unescapeBytes(text: string): Buffer {
  const latin1 = text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.from(latin1, 'latin1');
}

/** RFC 3261 §19.1.2: a user with everything escaped that the user part does not allow. */
export function encodeUser(text: string): string {
  let out = '';
  for (const byte of Buffer.from(text, 'utf8')) {
    out +=
      plainUser[byte] === 1
        ? String.fromCharCode(byte)
        : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return out;
}

/** RFC 3261 §19.1.4: parameters that never match when only one of the two URIs has them. */
const decisiveParams: readonly string[] = ['user', 'ttl', 'method', 'maddr'];

/** Whether two URIs mean the same by RFC 3261 §19.1.4; those of other schemes by their text. */
export function sameUri(a: Uri, b: Uri): boolean {
  if (a.scheme !== b.scheme) return false;
  if (a.scheme === 'other' || b.scheme === 'other') return printUri(a) === printUri(b);
  if (!sameParams(a.params, b.params)) return false;
  if (a.scheme === 'tel' || b.scheme === 'tel') return sameNumber(a as TelUri, b as TelUri);
  return (
    sameText(a.user, b.user) &&
    sameText(a.password, b.password) &&
    a.host.toLowerCase() === b.host.toLowerCase() &&
    a.port === b.port &&
    sameHeaders(a.headers, b.headers)
  );
}

/** RFC 3966 §4: visual separators do not count. */
function sameNumber(a: TelUri, b: TelUri): boolean {
  const bare = (number: string): string => number.replace(/[-.()]/g, '').toLowerCase();
  return bare(a.number) === bare(b.number);
}

function sameText(a: string | null, b: string | null): boolean {
  if (a === null || b === null) return a === b;
  return normalEscapes(a) === normalEscapes(b);
}

/** Escaped characters equal themselves, but reserved ones stay escaped: `%2C` is not `,`. */
function normalEscapes(text: string): string {
  return text.replace(/%([0-9A-Fa-f]{2})/g, (whole, hex: string) => {
    const code = Number.parseInt(hex, 16);
    return unreserved[code] === 1 ? String.fromCharCode(code) : whole.toUpperCase();
  });
}

function sameParams(a: Params, b: Params): boolean {
  const matches = (mine: Params, other: Params): boolean =>
    mine.every(({ name, value }) => {
      const theirs = paramValue(other, name.toLowerCase());
      if (theirs === undefined) return !decisiveParams.includes(name.toLowerCase());
      return sameText(value?.toLowerCase() ?? null, theirs?.toLowerCase() ?? null);
    });
  return matches(a, b) && matches(b, a);
}

function sameHeaders(a: string | null, b: string | null): boolean {
  const parts = (headers: string | null): string =>
    (headers ?? '').split('&').map(normalEscapes).sort().join('&');
  return parts(a) === parts(b);
}
