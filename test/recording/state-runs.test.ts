import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { empty, StateRuns } from '../../src/recording/state-runs.ts';

/** Positions before and behind those that are painted. */
const length = 40;

const step = fc.oneof(
  fc.record({
    kind: fc.constant('paint' as const),
    from: fc.nat(length - 5),
    count: fc.nat(8),
    state: fc.nat(3),
  }),
  fc.record({ kind: fc.constant('forget' as const), until: fc.nat(length) }),
);

/** What the runs say of each position, told by walking from run to run as their reader does. */
function walk(runs: StateRuns, from: number): number[] {
  const states: number[] = [];
  for (let at = from; at < length; ) {
    const run = runs.find(at);
    const end = Math.min(length, runs.endOf(run));
    expect(end, 'a run ends behind each of its positions').toBeGreaterThan(at);
    for (; at < end; at++) states.push(runs.stateOf(run));
  }
  return states;
}

describe('runs of states', () => {
  it('say of each position what was painted there last, whatever was painted and forgotten before', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const runs = new StateRuns();
        const painted = new Array<number>(length).fill(empty);
        let past = 0;
        for (const taken of steps) {
          if (taken.kind === 'forget') {
            past = Math.max(past, taken.until);
            runs.forget(past);
          } else {
            const from = Math.max(past, taken.from);
            const to = Math.max(from, taken.from + taken.count);
            runs.paint(from, to, taken.state);
            painted.fill(taken.state, from, to);
          }
          expect(walk(runs, past)).toEqual(painted.slice(past));
        }
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    [
      'packets one behind the other are one run',
      [
        [0, 160],
        [160, 320],
        [320, 480],
      ],
    ],
    [
      'so are packets that come out of order',
      [
        [0, 160],
        [320, 480],
        [160, 320],
      ],
    ],
  ] as const)('%s', (_, packets) => {
    const runs = new StateRuns();
    for (const [from, to] of packets) runs.paint(from, to, 1);
    expect([runs.find(0), runs.endOf(0), runs.find(479), runs.stateOf(runs.find(480))]).toEqual([
      0,
      480,
      0,
      empty,
    ]);
  });
});
