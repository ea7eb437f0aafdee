import { describe, expect, it } from 'vitest';
import { parseRAck, parseRSeq } from '../../src/sip/reliable.ts';

describe('RFC 3262 §7', () => {
  it.each([
    ['1', 1],
    [' 4294967295 ', 4_294_967_295],
    ['0', null],
    ['4294967296', null],
    ['-1', null],
    ['1 2', null],
    ['', null],
  ])('RSeq %j is %j', (value, number) => {
    expect(parseRSeq(value)).toBe(number);
  });

  it.each([
    ['776656 1 INVITE', { rseq: 776_656, cseq: 1, method: 'INVITE' }],
    ['  1\t 2   INVITE ', { rseq: 1, cseq: 2, method: 'INVITE' }],
    ['0 1 INVITE', null],
    ['1 2147483648 INVITE', null],
    ['1 1', null],
    ['1 1 INVITE x', null],
    ['x y z', null],
    ['', null],
  ])('RAck %j is %j', (value, rack) => {
    expect(parseRAck(value)).toEqual(rack);
  });
});
