import { isToken, parseDecimal, trimmed } from './text.ts';

/** RFC 3261 §20.16. */
export interface CSeq {
  readonly number: number;
  readonly method: string;
}

/** RFC 3261 §8.1.1.5: the sequence number MUST be less than 2**31. Null: broken or larger. */
export function parseCSeq(value: string): CSeq | null {
  let end = 0;
  while (end < value.length && value.charCodeAt(end) !== 0x20 && value.charCodeAt(end) !== 0x09) end += 1;
  const number = parseDecimal(value.slice(0, end), 0x7fff_ffff);
  const method = trimmed(value, end, value.length);
  return number === null || !isToken(method) ? null : { number, method };
}
