import { describe, expect, it } from 'vitest';
import { EncodeLoad, type LoadChange } from '../../src/recording/encode-load.ts';

interface Stretch {
  readonly seconds: number;
  /** Share of the time that turns take. */
  readonly busy: number;
  readonly lagMs?: number;
}

const turnMs = 20;

/** What the load says, turn by turn, without the turns that say nothing. */
function said(stretches: readonly Stretch[]): { at: number; change: LoadChange }[] {
  const load = new EncodeLoad();
  const changes: { at: number; change: LoadChange }[] = [];
  let now = 1_000_000;
  for (const { seconds, busy, lagMs = 750 } of stretches) {
    for (const until = now + 1000 * seconds; now < until; now += turnMs) {
      const change = load.observe(now, turnMs * busy, lagMs);
      if (change !== null) changes.push({ at: now - 1_000_000, change });
    }
  }
  return changes;
}

const kinds = (stretches: readonly Stretch[]): LoadChange[] => said(stretches).map(({ change }) => change);

describe('whether there is time to encode as the audio comes', () => {
  it.each<{ situation: string; stretches: Stretch[]; expected: LoadChange[] }>([
    { situation: 'an easy day', stretches: [{ seconds: 60, busy: 0.6 }], expected: [] },
    {
      situation: 'one busy moment',
      stretches: [
        { seconds: 5, busy: 0.2 },
        { seconds: 0.5, busy: 1 },
        { seconds: 5, busy: 0.2 },
      ],
      expected: [],
    },
    {
      situation: 'the lag of a silent tap',
      stretches: [{ seconds: 5, busy: 0.1, lagMs: 1150 }],
      expected: [],
    },
  ])('$situation puts nothing off', ({ stretches, expected }) => {
    expect(kinds(stretches)).toEqual(expected);
  });

  it('a worker that is busy throughout puts off, within two seconds, and goes on shedding', () => {
    const changes = said([{ seconds: 3, busy: 0.95 }]);
    expect(changes[0]?.change).toBe('began');
    expect(changes[0]!.at).toBeLessThan(2000);
    expect(changes.slice(1).every(({ change }) => change === 'shed')).toBe(true);
    expect(changes.length).toBeGreaterThan(2);
  });

  it('a lag is a load too, whatever the share', () => {
    expect(kinds([{ seconds: 1, busy: 0.1, lagMs: 2500 }])[0]).toBe('began');
  });

  it('it ends once after five calm seconds, and not before', () => {
    const changes = said([
      { seconds: 2, busy: 1 },
      { seconds: 10, busy: 0.1 },
    ]);
    const over = changes.filter(({ change }) => change === 'over');
    expect(over).toHaveLength(1);
    expect(over[0]!.at).toBeGreaterThan(2000 + 5000);
  });

  it('between the thresholds it stays as it is, and sheds no more', () => {
    const changes = kinds([
      { seconds: 2, busy: 1 },
      { seconds: 3, busy: 0.55 },
      { seconds: 60, busy: 0.55 },
    ]);
    expect(changes.filter((change) => change === 'began')).toHaveLength(1);
    expect(changes).not.toContain('over');
    expect(changes.length).toBeLessThan(8);
  });

  it('a calm that is broken begins anew', () => {
    const calm = { seconds: 4, busy: 0.1 };
    const changes = kinds([
      { seconds: 2, busy: 1 },
      calm,
      { seconds: 2, busy: 1 },
      calm,
      { seconds: 2, busy: 1 },
    ]);
    expect(changes).not.toContain('over');
  });
});
