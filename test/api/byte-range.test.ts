import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRange } from '../../src/api/byte-range.ts';

describe('Range against 1000 bytes', () => {
  it.each([
    ['no header', undefined, 'whole'],
    ['first 500 (RFC 9110 §14.1.2)', 'bytes=0-499', { start: 0, end: 500 }],
    ['second 500', 'bytes=500-999', { start: 500, end: 1000 }],
    ['to the end', 'bytes=990-', { start: 990, end: 1000 }],
    ['the last 300', 'bytes=-300', { start: 700, end: 1000 }],
    ['a suffix longer than the whole is the whole', 'bytes=-5000', { start: 0, end: 1000 }],
    ['an end beyond the end is the end', 'bytes=900-5000', { start: 900, end: 1000 }],
    ['one byte', 'bytes=0-0', { start: 0, end: 1 }],
    ['the unit is case-insensitive', 'BYTES=0-0', { start: 0, end: 1 }],
    ['a start at the length', 'bytes=1000-', 'unsatisfiable'],
    ['a suffix of nothing', 'bytes=-0', 'unsatisfiable'],
    ['an unknown unit is ignored (RFC 9110 §14.2)', 'seconds=0-1', 'whole'],
    ['a last before the first is invalid and ignored', 'bytes=5-4', 'whole'],
    ['nonsense is ignored', 'bytes=a-b', 'whole'],
    ['a dash alone is ignored', 'bytes=-', 'whole'],
    ['a negative number is nonsense', 'bytes=--5', 'whole'],
    ['ranges that touch are one', 'bytes=0-99,100-199', { start: 0, end: 200 }],
    ['ranges that overlap are one, in any order', 'bytes=50-199, 0-99', { start: 0, end: 200 }],
    ['ranges with a gap are refused', 'bytes=0-1,10-11', 'unsatisfiable'],
    ['of two, the one that can be served is', 'bytes=0-1,2000-3000', { start: 0, end: 2 }],
    ['empty elements are ignored (RFC 9110 §5.6.1.2)', 'bytes=,0-1,', { start: 0, end: 2 }],
    ['a header of a kilobyte and more is ignored', `bytes=${'0-1,'.repeat(400)}0-1`, 'whole'],
  ])('%s', (_rule, header, answer) => {
    expect(parseRange(header, 1000)).toEqual(answer);
  });

  it('of an empty file nothing can be served', () => {
    expect(parseRange('bytes=0-', 0)).toBe('unsatisfiable');
    expect(parseRange('bytes=-1', 0)).toBe('unsatisfiable');
  });

  it('whatever comes, what is served lies within the file', () => {
    const text = fc.oneof(
      fc.string({ maxLength: 40 }),
      fc
        .array(fc.tuple(fc.integer(), fc.integer()), { maxLength: 4 })
        .map((all) => `bytes=${all.map(([a, b]) => `${a}-${b}`).join(',')}`),
      fc.stringMatching(/^bytes=[0-9,\- ]{0,20}$/),
    );
    fc.assert(
      fc.property(text, fc.integer({ min: 0, max: 2 ** 40 }), (header, size) => {
        const range = parseRange(header, size);
        if (typeof range === 'string') return;
        expect(range.start).toBeGreaterThanOrEqual(0);
        expect(range.start).toBeLessThan(range.end);
        expect(range.end).toBeLessThanOrEqual(size);
      }),
      { numRuns: 2000 },
    );
  });
});
