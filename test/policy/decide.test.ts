import { describe, expect, it } from 'vitest';
import { decide, matchesPattern, type RuleFacts } from '../../src/policy/decide.ts';
import { purposeOptions, recordingOptions } from '../../src/policy/options.ts';

const purposes = purposeOptions.parse([
  { id: 'quality', description: 'Quality', legalBasis: 'legitimate-interest', retention: '90d' },
]);
const facts: RuleFacts = {
  direction: 'outbound',
  from: '101',
  to: '+352621000000',
  extension: '101',
  peers: ['pbx', 'carrier'],
  emergency: false,
};

function decideBy(rules: object[], change: Partial<RuleFacts> = {}) {
  const book = {
    rules: recordingOptions.parse({ rules }).rules,
    purposes: new Map(purposes.map((p) => [p.id, p])),
  };
  return decide(book, { ...facts, ...change });
}

const automatic = { id: 'r', mode: 'automatic', purpose: 'quality', announce: 'elsewhere', told: 'told' };

describe('decide', () => {
  const rows: [string, object, Partial<RuleFacts>, boolean][] = [
    ['an empty condition matches every call', {}, {}, true],
    ['direction matches', { direction: 'outbound' }, {}, true],
    ['another direction does not', { direction: 'inbound' }, {}, false],
    ['a called number by pattern', { to: '+352*' }, {}, true],
    ['a called number of another pattern', { to: '+33*' }, {}, false],
    ['one of several patterns', { to: ['+33*', '+352*'] }, {}, true],
    ['a calling number written as a number', { from: 101 }, {}, true],
    ['the extension of the PBX side', { extension: '1??' }, {}, true],
    ['no extension never matches an extension', { extension: '*' }, { extension: null }, false],
    ['either peer', { peer: 'carrier' }, {}, true],
    ['an unknown peer', { peer: 'other' }, {}, false],
    ['all conditions must hold', { direction: 'outbound', from: '102' }, {}, false],
    ['an emergency call is outside every rule', {}, { emergency: true }, false],
    ['also of one that names its number', { to: '112' }, { emergency: true, to: '112' }, false],
    ['but for one that names emergency calls', { emergency: true }, { emergency: true }, true],
    ['which matches no other call', { emergency: true }, {}, false],
    ['and may ask for more', { emergency: true, peer: 'other' }, { emergency: true }, false],
  ];
  it.each(rows)('%s', (_name, when, change, recorded) => {
    expect(decideBy([{ ...automatic, when }], change).record).toBe(recorded);
  });

  it('takes the first rule that matches', () => {
    const rules = [
      { id: 'private', mode: 'never', when: { from: '101' } },
      { ...automatic, when: {} },
    ];
    expect(decideBy(rules)).toEqual({ record: false, ruleId: 'private' });
    expect(decideBy(rules, { from: '102' }).record).toBe(true);
  });

  it('does not record where no rule matches', () => {
    expect(decideBy([])).toEqual({ record: false, ruleId: null });
  });

  it('keeps as long as the rule says, else as long as the purpose', () => {
    const day = 86_400_000;
    expect(decideBy([automatic])).toMatchObject({ retentionMs: 90 * day });
    expect(decideBy([{ ...automatic, retention: '7d' }])).toMatchObject({ retentionMs: 7 * day });
  });
});

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
