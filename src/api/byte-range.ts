/** `end` is the first byte after the range. */
interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** `whole`: there is no range to serve, or the header is to be ignored. */
export type RangeAnswer = ByteRange | 'whole' | 'unsatisfiable';

/** More than this in one header is an attack, not a player. */
const longestHeader = 1024;

/**
 * Reads a `Range` header against a length (RFC 9110 §14). One range is served; several only where together
 * they are one. A unit we do not know and a range that does not parse are ignored (RFC 9110 §14.2).
 */
export function parseRange(header: string | undefined, size: number): RangeAnswer {
  const set = header === undefined ? undefined : /^bytes=(.+)$/i.exec(header.trim())?.[1];
  if (header === undefined || header.length > longestHeader || set === undefined) return 'whole';
  const ranges: ByteRange[] = [];
  for (const part of set.split(',')) {
    const text = part.trim();
    // RFC 9110 §5.6.1.2: empty elements of a list are ignored.
    if (text === '') continue;
    const range = parseOne(text, size);
    if (range === null) return 'whole';
    if (range !== 'unsatisfiable') ranges.push(range);
  }
  return join(ranges);
}

function parseOne(text: string, size: number): ByteRange | 'unsatisfiable' | null {
  const parts = /^(\d*)-(\d*)$/.exec(text);
  const first = parts?.[1] ?? '';
  const last = parts?.[2] ?? '';
  if (parts === null || (first === '' && last === '')) return null;
  // RFC 9110 §14.1.2: a suffix counts from the end; one longer than the whole is the whole.
  if (first === '') {
    const length = Math.min(Number(last), size);
    return length === 0 ? 'unsatisfiable' : { start: size - length, end: size };
  }
  const start = Number(first);
  // RFC 9110 §14.1.1: an int-range whose last is less than its first is invalid.
  if (last !== '' && Number(last) < start) return null;
  if (start >= size) return 'unsatisfiable';
  return { start, end: last === '' ? size : Math.min(Number(last) + 1, size) };
}

/** RFC 9110 §14.2 lets a server refuse several ranges; what overlaps or touches is one. */
function join(ranges: readonly ByteRange[]): RangeAnswer {
  const [first, ...rest] = [...ranges].sort((a, b) => a.start - b.start);
  if (first === undefined) return 'unsatisfiable';
  let { end } = first;
  for (const range of rest) {
    if (range.start > end) return 'unsatisfiable';
    end = Math.max(end, range.end);
  }
  return { start: first.start, end };
}
