/** What rtpengine's `ng` protocol carries: strings, lists and dictionaries. */
export type Bencoded = string | readonly Bencoded[] | { readonly [key: string]: Bencoded };

export function bencode(value: Bencoded): string {
  if (typeof value === 'string') return `${Buffer.byteLength(value, 'latin1')}:${value}`;
  if (isList(value)) return `l${value.map(bencode).join('')}e`;
  return `d${Object.entries(value)
    .map(([key, entry]) => bencode(key) + bencode(entry))
    .join('')}e`;
}

function isList(value: Bencoded): value is readonly Bencoded[] {
  return Array.isArray(value);
}

/** Of a dictionary, the value of a key that is a string; undefined: there is none. */
export function stringOf(text: string, key: string): string | undefined {
  const mark = bencode(key);
  const found = text.indexOf(mark);
  if (found < 0) return undefined;
  const length = /^(\d+):/.exec(text.slice(found + mark.length, found + mark.length + 12));
  if (length === null) return undefined;
  const from = found + mark.length + length[0].length;
  return text.slice(from, from + Number(length[1]));
}
