import { describe, expect, it } from 'vitest';
import type { Located, Server } from '../../../src/signalling/locate/locate.ts';
import {
  type ResolutionState,
  stepResolution,
  unresolved,
} from '../../../src/signalling/peering/resolution-machine.ts';

const server = (...addresses: string[]): Server => ({ weight: 0, port: 5060, addresses });
const one = [[server('192.0.2.1')]];
const two = [[server('192.0.2.2')]];

const fresh: ResolutionState = { phase: 'fresh', groups: one, failures: 0 };
const stale: ResolutionState = { phase: 'stale', groups: one, failures: 3 };
const lost: ResolutionState = { phase: 'lost', groups: [], failures: 0 };

function step(
  state: ResolutionState,
  quality: Located['quality'],
  groups: Located['groups'],
  refreshMs: number | null = 60_000,
) {
  const located: Located = { kind: 'located', groups, quality, refreshAt: null };
  const { state: after, effects } = stepResolution(state, { type: 'located', located, refreshMs });
  const waits = effects.flatMap((effect) => (effect.do === 'wait' ? [effect.ms] : []));
  return {
    after: [after.phase, after.groups, after.failures],
    tells: effects.some((one) => one.do === 'tell'),
    waits,
  };
}

describe('a target that is a name', () => {
  it.each([
    ['the first answer', unresolved, 'good', one, ['fresh', one, 0], true, 60_000],
    ['the same again', fresh, 'good', one, ['fresh', one, 0], false, 60_000],
    ['other servers', fresh, 'good', two, ['fresh', two, 0], true, 60_000],
    ['DNS says that there is nothing: it is so', fresh, 'good', [], ['lost', [], 0], true, 60_000],
    ['and is again', lost, 'good', one, ['fresh', one, 0], true, 60_000],
    ['DNS does not answer: what it said last holds', fresh, 'stale', one, ['stale', one, 1], true, 2000],
    ['still not: said once', stale, 'stale', one, ['stale', one, 4], false, 16_000],
    [
      'RFC 8767 §5: asked every 30 s',
      { ...stale, failures: 9 },
      'stale',
      one,
      ['stale', one, 10],
      false,
      30_000,
    ],
    ['it answers again', stale, 'good', one, ['fresh', one, 0], true, 60_000],
    [
      'nothing is left of the answers: the servers are kept',
      fresh,
      'partial',
      [],
      ['stale', one, 1],
      true,
      2000,
    ],
    ['part of an answer is better than none', unresolved, 'partial', one, ['fresh', one, 1], true, 2000],
    ['the node starts while DNS is down', unresolved, 'partial', [], ['lost', [], 1], true, 2000],
  ] as const)('%s', (_name, before, quality, groups, after, tells, wait) => {
    expect(step(before, quality, groups)).toEqual({ after, tells, waits: [wait] });
  });

  it('a round-robin in another order is nothing new, and is used as it came', () => {
    const before: ResolutionState = { ...fresh, groups: [[server('192.0.2.1', '192.0.2.2')]] };
    const turned = [[server('192.0.2.2', '192.0.2.1')]];
    expect(step(before, 'good', turned)).toMatchObject({ after: ['fresh', turned, 0], tells: false });
  });

  it('is looked up at most once a second', () => {
    expect(step(fresh, 'good', one, -5).waits).toEqual([1000]);
  });

  it('is looked up when its time has come', () => {
    expect(stepResolution(fresh, { type: 'due' })).toEqual({ state: fresh, effects: [{ do: 'locate' }] });
  });
});
