import { parseDecimal } from './text.ts';

/** RSeq of a provisional (RFC 3262 §7.1): a 32-bit number that is not 0. */
export function parseRSeq(value: string): number | null {
  const number = parseDecimal(value.trim(), 0xffff_ffff);
  return number === 0 ? null : number;
}

/** What a PRACK acknowledges (RFC 3262 §7.2): RSeq, and CSeq of the request that was answered. */
export interface RAck {
  readonly rseq: number;
  readonly cseq: number;
  readonly method: string;
}

export function parseRAck(value: string): RAck | null {
  const [first = '', second = '', method = '', rest] = value.trim().split(/[ \t]+/);
  const rseq = parseRSeq(first);
  const cseq = parseDecimal(second, 0x7fff_ffff);
  return rseq === null || cseq === null || method === '' || rest !== undefined
    ? null
    : { rseq, cseq, method };
}
