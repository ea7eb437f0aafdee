import { describe, expect, it } from 'vitest';
import { decide } from '../../src/policy/decide.ts';
import type { RuleFacts } from '../../src/policy/rule-facts.ts';
import { automatic, bookOf, facts, wall } from './rule-fixture.ts';

const headers = (fields: Record<string, string | string[]>) => ({
  headers: new Map(Object.entries(fields).map(([name, value]) => [name, [value].flat()])),
});
const inbound = { direction: 'inbound', callerPeer: 'carrier', calleePeer: 'pbx' } as const;
const internal = { direction: 'internal', extension: null, calleePeer: 'pbx' } as const;

type Row = readonly [name: string, when: object, change: Partial<RuleFacts>, matches: boolean];

/** One rule against one call: does it match? */
const rows: readonly Row[] = [
  ['an empty condition matches every call', {}, {}, true],

  ['direction: outbound is from the PBX to a trunk', { direction: 'outbound' }, {}, true],
  ['direction: another one does not match', { direction: 'inbound' }, {}, false],
  ['direction: one of several', { direction: ['inbound', 'outbound'] }, {}, true],
  ['direction: none of several', { direction: ['inbound', 'internal'] }, {}, false],
  ['direction: internal', { direction: 'internal' }, internal, true],

  ['to: a prefix of E.164', { to: '+352*' }, {}, true],
  ['to: of another country', { to: '+33*' }, {}, false],
  ['to: one of several patterns', { to: ['+33*', '+352*'] }, {}, true],
  ['to: the whole number', { to: '+352621000000' }, {}, true],
  ['to: a part is not the whole', { to: '+35262' }, {}, false],
  ['to: ? is one digit', { to: '+35262100000?' }, {}, true],
  ['to: ? is not none', { to: '+352621000000?' }, {}, false],
  ['to: dialled nationally, E.164 in the rule', { to: '+352621*' }, { to: '621000000' }, true],
  ['to: dialled with 00, E.164 in the rule', { to: '+352621*' }, { to: '00352621000000' }, true],
  ['to: E.164 on the wire, national in the rule', { to: '621*' }, {}, true],
  ['to: E.164 on the wire, 00 in the rule', { to: '00352621*' }, {}, true],
  ['to: without its plus sign', { to: '+352621*' }, { to: '352621000000' }, true],
  ['to: with visual separators', { to: '+352621*' }, { to: '+352-621.000(000)' }, true],
  ['to: the way out of the PBX stays before it', { to: '+352621*' }, { to: '0621000000' }, true],
  ['to: and before an international number', { to: '+33*' }, { to: '00033123456789' }, true],
  ['to: inbound calls have no way out', { to: '+352621*' }, { ...inbound, to: '0621000000' }, false],
  ['to: a short number is no national one', { to: '+352*' }, { to: '11111' }, false],
  ['to: a short number as it is', { to: '11111' }, { to: '11111' }, true],
  ['to: a name', { to: 'reception' }, { to: 'reception' }, true],
  ['to: a name is compared with its case', { to: 'Reception' }, { to: 'reception' }, false],
  ['to: a URN', { to: 'urn:service:*' }, { to: 'urn:service:counseling' }, true],

  ['from: a calling number written as a number', { from: 101 }, {}, true],
  ['from: another', { from: 102 }, {}, false],
  ['from: E.164 of an inbound call', { from: '+49*' }, { ...inbound, from: '004930123456' }, true],
  ['from: nobody, by an empty name', { from: '+*' }, { ...inbound, from: '' }, false],
  ['from: * is everybody, also nobody', { from: '*' }, { ...inbound, from: '' }, true],
  ['from: anonymous', { from: 'anonymous' }, { ...inbound, from: 'anonymous' }, true],
  ['from: what is like a pattern is text', { from: '1*1' }, { from: '1*1' }, true],

  ['extension: the PBX side', { extension: '1??' }, {}, true],
  ['extension: as the PBX writes it, not as E.164', { extension: '+352*' }, { extension: '27001' }, false],
  ['extension: none never matches', { extension: '*' }, internal, false],

  ['queue: by name', { queue: 'sales' }, { queue: 'sales' }, true],
  ['queue: by pattern', { queue: 'sales-*' }, { queue: 'sales-de' }, true],
  ['queue: another', { queue: 'sales' }, { queue: 'support' }, false],
  ['queue: none never matches', { queue: '*' }, {}, false],

  ['peer: the caller side', { peer: 'pbx' }, {}, true],
  ['peer: the callee side', { peer: 'carrier' }, {}, true],
  ['peer: neither', { peer: 'other' }, {}, false],
  ['peer: by pattern', { peer: 'car*' }, {}, true],
  ['callerPeer: that side', { callerPeer: 'pbx' }, {}, true],
  ['callerPeer: not the other', { callerPeer: 'carrier' }, {}, false],
  ['calleePeer: that side', { calleePeer: 'carrier' }, {}, true],
  ['calleePeer: not the other', { calleePeer: 'pbx' }, {}, false],
  ['callerPeer: not known', { callerPeer: '*' }, { callerPeer: null }, false],

  ['header: the exact value', { header: { 'X-Unit': 'hr' } }, headers({ 'x-unit': 'hr' }), true],
  ['header: another value', { header: { 'X-Unit': 'hr' } }, headers({ 'x-unit': 'it' }), false],
  ['header: not there', { header: { 'X-Unit': '*' } }, {}, false],
  ['header: there, whatever it says', { header: { 'X-Unit': '*' } }, headers({ 'x-unit': '' }), true],
  ['header: a prefix', { header: { 'X-Unit': 'sales*' } }, headers({ 'x-unit': 'sales-de' }), true],
  ['header: any of its values', { header: { 'X-Unit': 'b' } }, headers({ 'x-unit': ['a', 'b'] }), true],
  ['header: values without case', { header: { 'X-Unit': 'HR' } }, headers({ 'x-unit': 'hr' }), true],
  ['header: by its compact form', { header: { s: 'urgent*' } }, headers({ subject: 'Urgent!' }), true],
  [
    'header: all that are named must match',
    { header: { 'X-A': '1', 'X-B': '2' } },
    headers({ 'x-a': '1', 'x-b': '3' }),
    false,
  ],
  ['header: spaces around a value', { header: { 'X-A': 'a' } }, headers({ 'x-a': '  a ' }), true],

  ['schedule: within', { schedule: 'office' }, {}, true],
  ['schedule: after hours', { schedule: 'office' }, { at: wall('2026-11-25T18:00:00+01:00') }, false],
  ['schedule: Friday ends earlier', { schedule: 'office' }, { at: wall('2026-11-27T16:30:00+01:00') }, false],
  ['schedule: a holiday', { schedule: 'office' }, { at: wall('2026-11-11T10:00:00+01:00') }, false],
  ['outsideSchedule: within', { outsideSchedule: 'office' }, {}, false],
  [
    'outsideSchedule: a holiday',
    { outsideSchedule: 'office' },
    { at: wall('2026-12-25T10:00:00+01:00') },
    true,
  ],

  ['sample: all', { sample: 100 }, {}, true],
  ['sample: nearly none', { sample: 0.000001 }, {}, false],
  ['sample: an unnamed call is taken to be in it', { sample: 0.000001 }, { callId: null }, true],

  ['all conditions must hold', { direction: 'outbound', from: '102' }, {}, false],
  [
    'all conditions hold',
    { direction: 'outbound', from: '101', peer: 'carrier', schedule: 'office' },
    {},
    true,
  ],

  ['an emergency call is outside every rule', {}, { emergency: true, to: '112' }, false],
  ['also of one that names its number', { to: '112' }, { emergency: true, to: '112' }, false],
  ['but for one that names emergency calls', { emergency: true }, { emergency: true, to: '112' }, true],
  ['which matches no other call', { emergency: true }, {}, false],
  ['and may ask for more', { emergency: true, peer: 'other' }, { emergency: true, to: '112' }, false],
];

describe('a rule', () => {
  it.each(rows)('%s', (_name, when, change, matches) => {
    expect(decide(bookOf([{ ...automatic, when }]), { ...facts, ...change }).record).toBe(matches);
  });

  it('has a table of at least sixty cases', () => {
    expect(rows.length).toBeGreaterThanOrEqual(60);
  });

  const abroad: readonly (readonly [string, string, string, string, boolean])[] = [
    ['Germany: the national prefix', 'DE', '+4930*', '030123456', true],
    ['Germany: E.164 on the wire, national in the rule', 'DE', '030*', '+4930123456', true],
    ['Germany: a national number without its prefix is none', 'DE', '+4930*', '30123456', false],
    ['Italy: the leading zero stays', 'IT', '+3906*', '0612345678', true],
    ['Hungary: a prefix of two digits', 'HU', '+361*', '0612345678', true],
    ['no plan: only + is understood', 'US', '+1212*', '12125550100', false],
    ['no plan: + is understood', 'US', '+1212*', '+12125550100', true],
  ];
  it.each(abroad)('reads numbers as they are dialled in %s', (_name, country, to, called, matches) => {
    const book = bookOf([{ ...automatic, when: { to } }], country);
    expect(decide(book, { ...facts, to: called }).record).toBe(matches);
  });
});

describe('decide', () => {
  it('takes the first rule that matches', () => {
    const book = bookOf([
      { id: 'private', mode: 'never', when: { from: '101' } },
      { ...automatic, when: {} },
    ]);
    expect(decide(book, facts)).toEqual({ record: false, ruleId: 'private', why: 'never' });
    expect(decide(book, { ...facts, from: '102' }).record).toBe(true);
  });

  it('does not record where no rule matches', () => {
    expect(decide(bookOf([]), facts)).toEqual({ record: false, ruleId: null, why: 'no-rule' });
  });

  it('does not record on demand before it is demanded, and knows what would be recorded', () => {
    const decision = decide(bookOf([{ ...automatic, mode: 'on-demand' }]), facts);
    expect(decision).toMatchObject({
      ...{ record: false, ruleId: 'r', why: 'on-demand' },
      onDemand: { purpose: { id: 'quality' } },
    });
  });

  it('keeps as long as the rule says, else as long as the purpose', () => {
    const day = 86_400_000;
    expect(decide(bookOf([automatic]), facts)).toMatchObject({ retentionMs: 90 * day });
    expect(decide(bookOf([{ ...automatic, retention: '7d' }]), facts)).toMatchObject({
      retentionMs: 7 * day,
    });
  });

  it('is not slowed down by a hostile header', () => {
    const book = bookOf([{ ...automatic, when: { header: { 'X-A': `${'*a'.repeat(60)}b` } } }]);
    const started = performance.now();
    decide(book, { ...facts, ...headers({ 'x-a': 'a'.repeat(8192) }) });
    expect(performance.now() - started).toBeLessThan(1000);
  });
});
