/**
 * PostgreSQL stores neither U+0000 nor half a surrogate pair, and a caller can put both into a SIP header.
 * Each becomes U+FFFD, the character for what could not be kept, so that the rest of the record is.
 */
export function storableText(text: string): string {
  return text.replace(unstorable, '\u{FFFD}');
}

const unstorable = /\u0000|\p{Surrogate}/gu;

/** The same for every string within a JSON value; a value without such strings comes back as it is. */
export function storable<T>(value: T): T {
  return clean(value) as T;
}

function clean(value: unknown): unknown {
  if (typeof value === 'string') return storableText(value);
  if (Array.isArray(value)) return value.map(clean);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [storableText(name), clean(inner)]));
}
