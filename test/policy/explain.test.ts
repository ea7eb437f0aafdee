import { describe, expect, it } from 'vitest';
import { explain, printExplanation } from '../../src/policy/explain.ts';
import type { RuleFacts } from '../../src/policy/rule-facts.ts';
import { automatic, bookOf, facts } from './rule-fixture.ts';

const lines = (rules: object[], change: Partial<RuleFacts> = {}) =>
  printExplanation(explain(bookOf(rules), { ...facts, ...change }));

describe('an explanation', () => {
  it('says of each earlier rule the first condition that does not hold, then what is done', () => {
    const rules = [
      { id: 'a', mode: 'never', when: { direction: 'inbound', from: '102' } },
      { id: 'b', mode: 'never', when: { to: ['+33*', '+49*'] } },
      { id: 'c', mode: 'never', when: { header: { 'X-Unit': 'hr' } } },
      { id: 'd', mode: 'never', when: { outsideSchedule: 'office' } },
      automatic,
      { id: 'later', mode: 'never' },
    ];
    expect(lines(rules)).toEqual([
      '  a: no, direction is outbound, wanted "inbound"',
      '  b: no, to is "+352621000000", wanted "+33*" or "+49*"',
      '  c: no, header is x-unit: none, wanted x-unit: "hr"',
      '  d: no, outsideSchedule is wed 2026-11-25 10:00 Europe/Luxembourg, wanted outside of "office"',
      '  r: yes',
      'recorded, purpose "quality" (legitimate-interest), told elsewhere, wav stereo, kept 90 days',
    ]);
  });

  it('says that nothing matches', () => {
    expect(lines([{ id: 'a', mode: 'never', when: { queue: 'sales' } }])).toEqual([
      '  a: no, queue is none, wanted "sales"',
      'not recorded: no rule matches',
    ]);
  });

  it('says of a rule that it says never', () => {
    expect(lines([{ id: 'a', mode: 'never' }])).toEqual(['  a: yes', 'not recorded: the rule says never']);
  });

  it('tells the share of a sample where no certain call is meant', () => {
    const sampled = [{ ...automatic, when: { sample: 10 } }];
    expect(lines(sampled, { callId: null }).at(-1)).toMatch(/in 10 % of such calls/);
    expect(lines([{ ...automatic, when: { sample: 0.0001 } }])[0]).toBe(
      '  r: no, sample is not among them, wanted among 0.0001 % of calls',
    );
  });

  it('names emergency calls for what they are', () => {
    expect(lines([automatic], { emergency: true })[0]).toBe(
      '  r: no, emergency is an emergency call, wanted no emergency call',
    );
  });
});
