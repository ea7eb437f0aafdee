import { isToken, splitList, trimmed } from './text.ts';

/**
 * The parameters of a value of the Digest scheme by lower-case name, quotes and escapes taken off. Null: another
 * scheme, broken, or a name that stands twice (RFC 9110 §11.2 lets it stand once), whose meaning would be a guess.
 */
export function parseDigestParams(value: string): ReadonlyMap<string, string> | null {
  const scheme = /^digest[ \t]+/i.exec(value);
  const elements = scheme === null ? null : splitList([value.slice(scheme[0].length)]);
  if (elements === null) return null;
  const params = new Map<string, string>();
  for (const element of elements) {
    const equals = element.indexOf('=');
    if (equals < 0) return null;
    const name = trimmed(element, 0, equals).toLowerCase();
    const text = plainText(trimmed(element, equals + 1, element.length));
    if (!isToken(name) || text === null || params.has(name)) return null;
    params.set(name, text);
  }
  return params;
}

/** A quoted string without its quotes; or text without any, of whatever characters: some quote too little. */
function plainText(written: string): string | null {
  const quoted = /^"((?:[^"\\]|\\.)*)"$/s.exec(written);
  if (quoted !== null) return (quoted[1] ?? '').replace(/\\(.)/gs, '$1');
  return /^[^"\\ \t]+$/.test(written) ? written : null;
}

/** RFC 3261 §25.1, quoted-string: what may not stand by itself is a quoted-pair. */
export function quoteText(text: string): string {
  return `"${text.replace(/["\\\x00-\x08\x0b-\x1f\x7f]/g, '\\$&')}"`;
}
