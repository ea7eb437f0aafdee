import { tableOf } from './text.ts';

/** RFC 3261 §25.1: hnv-unreserved and unreserved, which stand in a URI's headers as they are. */
const plain = tableOf("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.!~*'()[]/?:+$");

/** The header of this name among those of a URI (RFC 3261 §19.1.1), unescaped, in latin1; null: none, or several. */
export function uriHeader(headers: string | null, canonical: string): string | null {
  const found = fieldsOf(headers).filter((field) => nameOf(field) === canonical);
  const [field] = found;
  return found.length !== 1 || field === undefined ? null : unescapeText(field.slice(field.indexOf('=') + 1));
}

/** The headers of a URI with this one's value replaced; the others stay as written. */
export function withUriHeader(headers: string | null, canonical: string, value: string): string {
  return fieldsOf(headers)
    .map((field) =>
      nameOf(field) === canonical ? `${field.slice(0, field.indexOf('=') + 1)}${escapeText(value)}` : field,
    )
    .join('&');
}

function fieldsOf(headers: string | null): string[] {
  return headers === null ? [] : headers.split('&');
}

function nameOf(field: string): string {
  const equals = field.indexOf('=');
  return equals < 0 ? '' : unescapeText(field.slice(0, equals)).toLowerCase();
}

function unescapeText(text: string): string {
  return text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

function escapeText(text: string): string {
  let out = '';
  for (const byte of Buffer.from(text, 'latin1')) {
    out +=
      plain[byte] === 1 ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return out;
}
