import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { storable, storableText } from '../../src/persistence/storable-text.ts';

describe('storable text', () => {
  it.each([
    ['plain text stays', '+352 Müller 😀', '+352 Müller 😀'],
    ['U+0000 becomes U+FFFD', 'a\u0000b\u0000', 'a\ufffdb\ufffd'],
    ['the first half of a pair alone', 'a\ud83d', 'a\ufffd'],
    ['the second half of a pair alone', '\ude00b', '\ufffdb'],
    ['two second halves', '\ud83d\ude00\ude00', '😀\ufffd'],
  ])('%s', (_, text, expected) => {
    expect(storableText(text)).toBe(expected);
  });

  it('is well-formed, without U+0000, and of the same length', () => {
    const edges = fc.constantFrom(0, 0xd7ff, 0xd800, 0xdbff, 0xdc00, 0xdfff, 0xe000, 0xfffd);
    const units = fc.array(fc.oneof(fc.integer({ min: 0, max: 0xffff }), edges));
    const anyText = units.map((codes) => String.fromCharCode(...codes));
    fc.assert(
      fc.property(anyText, (text) => {
        const stored = storableText(text);
        expect(stored).not.toContain('\u0000');
        expect(Buffer.from(stored, 'utf8').toString('utf8')).toBe(stored);
        expect(stored).toHaveLength(text.length);
      }),
    );
  });

  it('cleans a value to its depths, names included, and leaves the rest as it is', () => {
    const value = { 'a\u0000': ['\u0000', { b: '\ud800' }], n: 1, t: true, z: null };
    expect(storable(value)).toEqual({ 'a\ufffd': ['\ufffd', { b: '\ufffd' }], n: 1, t: true, z: null });
    fc.assert(
      fc.property(fc.jsonValue(), (clean) => {
        fc.pre(
          !/\u0000|\p{Surrogate}/u.test(JSON.stringify(clean)) && !JSON.stringify(clean).includes('\\u'),
        );
        expect(storable(clean)).toEqual(clean);
      }),
    );
  });
});
