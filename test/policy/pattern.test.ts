import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { coversPattern, matchesPattern } from '../../src/policy/pattern.ts';

describe('matchesPattern', () => {
  const rows: [string, string, boolean][] = [
    ['', '', true],
    ['*', '', true],
    ['?', '', false],
    ['a*b*c', 'aXXbYYc', true],
    ['a*b*c', 'aXXbYY', false],
    ['*11', '111', true],
    ['1?2', '1*2', true],
    ['a.c', 'abc', false],
  ];
  it.each(rows)('%s against %s', (pattern, value, expected) => {
    expect(matchesPattern(pattern, value)).toBe(expected);
  });

  it('does not slow down on a hostile number', () => {
    const started = performance.now();
    matchesPattern(`${'*a'.repeat(30)}b`, 'a'.repeat(20_000));
    expect(performance.now() - started).toBeLessThan(1000);
  });
});

describe('coversPattern', () => {
  const rows: [wide: string, narrow: string, expected: boolean][] = [
    ['*', '+352*', true],
    ['+352*', '+35262*', true],
    ['+35262*', '+352*', false],
    ['1??', '1*', false],
    ['1*', '1??', true],
    ['1??', '12?', true],
    ['12?', '1??', false],
    ['?*', '*?', true],
    ['*?*', '?*', true],
    ['', '', true],
    ['?', '', false],
    ['*a*', 'bab', true],
    ['*a*', '*b*', false],
    ['a*c', 'a*b*c', true],
  ];
  it.each(rows)('%s covers %s: %s', (wide, narrow, expected) => {
    expect(coversPattern(wide, narrow)).toBe(expected);
  });

  const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?'), maxLength: 8 });
  const value = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 10 });
  it('is right whenever it says yes', () => {
    fc.assert(
      fc.property(
        pattern,
        pattern,
        fc.array(value, { minLength: 10, maxLength: 20 }),
        (wide, narrow, values) => {
          if (!coversPattern(wide, narrow)) return;
          for (const each of values)
            if (matchesPattern(narrow, each)) expect(matchesPattern(wide, each)).toBe(true);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('knows that each covers itself and is covered by *', () => {
    fc.assert(fc.property(pattern, (each) => coversPattern(each, each) && coversPattern('*', each)));
  });
});
