import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RuleConditions } from '../../src/policy/condition-options.ts';
import { covers } from '../../src/policy/coverage.ts';
import { decide } from '../../src/policy/decide.ts';
import { explain } from '../../src/policy/explain.ts';
import type { RuleFacts } from '../../src/policy/rule-facts.ts';
import { isSampled } from '../../src/policy/sample.ts';
import { automatic, bookOf, facts, wall } from '../policy/rule-fixture.ts';

const pattern = fc.constantFrom('1*', '10?', '101', '+352*', '+35262*', '*', 'anonymous');
const oneOrMore = fc.array(pattern, { minLength: 1, maxLength: 2 });
const condition = fc.record(
  {
    direction: fc.subarray(['inbound', 'outbound', 'internal'], { minLength: 1 }),
    from: oneOrMore,
    to: oneOrMore,
    peer: fc.constantFrom('pbx', 'carrier', 'c*'),
    callerPeer: fc.constantFrom('pbx', 'carrier'),
    queue: fc.constantFrom('sales', 's*'),
    header: fc.dictionary(fc.constantFrom('x-a', 'x-b'), fc.constantFrom('1', '*', 'a*'), { maxKeys: 2 }),
    schedule: fc.constantFrom('office', 'night'),
    outsideSchedule: fc.constantFrom('office', 'night'),
    sample: fc.constantFrom(50, 100),
    emergency: fc.constant(true),
  },
  { requiredKeys: [] },
);
const rules = fc
  .array(condition, { minLength: 1, maxLength: 6 })
  .map((list) => list.map((when, i) => ({ ...automatic, id: `r${i}`, when })));
const call: fc.Arbitrary<RuleFacts> = fc
  .record({
    path: fc.constantFrom(
      { direction: 'outbound', callerPeer: 'pbx', calleePeer: 'carrier', extension: '101' } as const,
      { direction: 'inbound', callerPeer: 'carrier', calleePeer: 'pbx', extension: '102' } as const,
      { direction: 'internal', callerPeer: 'pbx', calleePeer: 'pbx', extension: null } as const,
    ),
    from: fc.constantFrom('101', '102', '+352621000000', 'anonymous', ''),
    to: fc.constantFrom('101', '621000000', '+33123456789', '112'),
    queue: fc.constantFrom('sales', null),
    value: fc.constantFrom('1', 'abc'),
    callId: fc.uuid(),
    hour: fc.integer({ min: 0, max: 24 * 14 }),
    emergency: fc.boolean(),
  })
  .map(({ path, value, hour, ...rest }) => ({
    ...{ ...facts, ...path, ...rest },
    at: wall(new Date(Date.parse('2026-12-14T00:30:00Z') + hour * 3_600_000).toISOString()),
    headers: new Map([['x-a', [value]]]),
  }));

/** The rule that decides; null: none. */
function ruleOf(list: readonly object[], subject: RuleFacts): string | null {
  const decision = decide(bookOf(list), subject);
  return decision.record ? decision.rule.id : decision.ruleId;
}

describe('rules', () => {
  it('are asked in their order: the first that would match alone decides, whatever the order is', () => {
    fc.assert(
      fc.property(rules, call, fc.nat(), (list, subject, turn) => {
        const order = list.map((_, i) => list[(i + turn) % list.length] ?? {});
        const alone = order.filter((rule) => ruleOf([rule], subject) !== null);
        expect(ruleOf(order, subject)).toBe((alone[0] as { id?: string } | undefined)?.id ?? null);
      }),
      { numRuns: 150 },
    );
  });

  it('are explained by the same that decides', () => {
    fc.assert(
      fc.property(rules, call, (list, subject) => {
        const { decision, passedOver } = explain(bookOf(list), subject);
        const id = decision.record ? decision.rule.id : decision.ruleId;
        expect(id).toBe(ruleOf(list, subject));
        const before =
          id === null
            ? list
            : list.slice(
                0,
                list.findIndex((rule) => rule.id === id),
              );
        expect(passedOver.map(({ ruleId }) => ruleId)).toEqual(before.map((rule) => rule.id));
      }),
      { numRuns: 150 },
    );
  });

  it('that are said to be covered by another never match without it', () => {
    const paths = [
      { direction: 'outbound', callerPeer: 'pbx', calleePeer: 'carrier' },
      { direction: 'inbound', callerPeer: 'carrier', calleePeer: 'pbx' },
      { direction: 'internal', callerPeer: 'pbx', calleePeer: 'pbx' },
    ] as const;
    const calls = fc.array(call, { minLength: 20, maxLength: 20 });
    fc.assert(
      fc.property(condition, condition, calls, (wide, narrow, subjects) => {
        const list = [wide, narrow].map((when, i) => ({ ...automatic, id: `r${i}`, when }));
        const book = bookOf(list);
        const [first, second] = book.rules.map(({ when }): RuleConditions => when);
        if (first === undefined || second === undefined) return;
        if (!covers(first, second, { paths, schedules: book.schedules })) return;
        for (const subject of subjects) expect(ruleOf(list, subject)).not.toBe('r1');
      }),
      { numRuns: 300 },
    );
  });
});

describe('a sample', () => {
  const ids = Array.from(
    { length: 20_000 },
    (_, i) => `0190a1b2-0000-7000-8000-${String(i).padStart(12, '0')}`,
  );

  it.each([1, 10, 50, 99])('of %s percent holds its share within four standard deviations', (percent) => {
    const share = ids.filter((id) => isSampled('r', id, percent)).length / ids.length;
    const deviation = Math.sqrt(((percent / 100) * (1 - percent / 100)) / ids.length);
    expect(Math.abs(share - percent / 100)).toBeLessThan(4 * deviation);
  });

  it('is the same each time, and in a larger one', () => {
    fc.assert(
      fc.property(fc.uuid(), fc.double({ min: 0.1, max: 100, noNaN: true }), (id, percent) => {
        const drawn = isSampled('r', id, percent);
        expect(isSampled('r', id, percent)).toBe(drawn);
        if (drawn) expect(isSampled('r', id, Math.min(100, percent * 2))).toBe(true);
      }),
    );
  });

  it('is drawn by each rule for itself', () => {
    const both = ids.filter((id) => isSampled('a', id, 50) && isSampled('b', id, 50)).length / ids.length;
    expect(Math.abs(both - 0.25)).toBeLessThan(0.02);
  });
});
