/**
 * Scanning of header text. Only SP and HT are white space here (RFC 3261 §25.1, WSP): `String.trim` would
 * also take U+00A0, which in latin1 is the second byte of many UTF-8 characters.
 */

/** RFC 3261 §25.1: token = 1*(alphanum / "-" / "." / "!" / "%" / "*" / "_" / "+" / "`" / "'" / "~"). */
const tokenTable: Uint8Array = tableOf(
  "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.!%*_+`'~",
);

/** A table of 256 cells with 1 at each character of the text. */
export function tableOf(characters: string): Uint8Array {
  const table = new Uint8Array(256);
  for (let i = 0; i < characters.length; i++) table[characters.charCodeAt(i)] = 1;
  return table;
}

/** Whether the text from `from` to `to` is not empty and made of the table's characters. */
export function consistsOf(table: Uint8Array, text: string, from: number, to: number): boolean {
  if (from >= to) return false;
  for (let i = from; i < to; i++) if (table[text.charCodeAt(i)] !== 1) return false;
  return true;
}

export function isToken(text: string): boolean {
  return consistsOf(tokenTable, text, 0, text.length);
}

/** The text from `from` to `to` without white space at either end. */
export function trimmed(text: string, from: number, to: number): string {
  let start = from;
  let end = to;
  while (start < end && isWhite(text.charCodeAt(start))) start += 1;
  while (end > start && isWhite(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

export function isWhite(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

/** The index after the closing quote of the quoted string that opens at `at`; -1: it never closes. */
export function skipQuoted(text: string, at: number): number {
  for (let i = at + 1; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x5c) i += 1;
    else if (code === 0x22) return i + 1;
  }
  return -1;
}

/**
 * The end of the first element of a comma-separated list from `from`: the index of the comma or of the
 * text's end. Commas within quotes and within `<>` do not count. -1: quotes or `<` never close.
 */
export function endOfElement(text: string, from: number): number {
  let at = from;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === 0x2c) return at;
    if (code === 0x22) at = skipQuoted(text, at);
    else if (code === 0x3c) at = text.indexOf('>', at) + 1 || -1;
    else at += 1;
    if (at < 0) return -1;
  }
  return at;
}

/**
 * The elements of all fields of one list header, in order, trimmed; empty ones are passed over. Null: broken
 * quotes or brackets.
 */
export function splitList(values: readonly string[]): string[] | null {
  const elements: string[] = [];
  for (const value of values) {
    let at = 0;
    while (at <= value.length) {
      const end = endOfElement(value, at);
      if (end < 0) return null;
      const element = trimmed(value, at, end);
      if (element !== '') elements.push(element);
      at = end + 1;
    }
  }
  return elements;
}

/** An unsigned decimal number of at most `max`; null for anything else, signs and spaces included. */
export function parseDecimal(text: string, max: number): number | null {
  if (text.length === 0 || text.length > 15) return null;
  let value = 0;
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) return null;
    value = value * 10 + digit;
  }
  return value <= max ? value : null;
}
