import { describe, expect, it } from 'vitest';
import { startReconciler, stepOverdue } from '../../src/governance/overdue-recordings.ts';
import type { MonotonicMs, WallMs } from '../../src/kernel/clock.ts';
import { createMeter } from '../../src/kernel/meter.ts';
import type { RecordingRecord } from '../../src/records/recording-record.ts';
import { recordingOf } from '../api/api-fixture.ts';
import { LogBook } from '../link/link-fixture.ts';

const open = (id: string): RecordingRecord => recordingOf({ id, state: 'expected' });

describe('overdue recordings', () => {
  it.each<[string, string[], string[], string[], string[]]>([
    ['nothing known, nothing overdue', [], [], [], []],
    ['a new one raises an alarm', [], ['a'], ['a'], []],
    ['a known one does not raise it again', ['a'], ['a'], [], []],
    ['one that ended after all is cleared', ['a', 'b'], ['b'], [], ['a']],
    ['one in, one out', ['a'], ['b'], ['b'], ['a']],
  ])('%s', (_rule, known, overdue, raised, cleared) => {
    const step = stepOverdue(new Set(known), overdue.map(open));
    expect(step.raised.map(({ id }) => id)).toEqual(raised);
    expect(step.cleared).toEqual(cleared);
    expect([...step.known]).toEqual(overdue);
  });
});

describe('the reconciler', () => {
  function setUp(answers: (RecordingRecord[] | Error)[]) {
    const asked: string[] = [];
    const runs: (() => void)[] = [];
    const log = new LogBook();
    const meter = createMeter();
    const stop = startReconciler({
      store: {
        overdue: (before) => {
          asked.push(before);
          const answer = answers.shift() ?? [];
          return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
        },
      },
      clock: { monotonic: () => 0 as MonotonicMs, wall: () => Date.UTC(2026, 10, 23, 12) as WallMs },
      schedule: (_delayMs, run) => {
        runs.push(run);
        return () => {
          runs.splice(runs.indexOf(run), 1);
        };
      },
      logger: log,
      meter,
      graceMs: 60_000,
    });
    const tick = async (): Promise<void> => {
      runs.shift()?.();
      await new Promise((resolve) => setImmediate(resolve));
    };
    const gauge = (): number | undefined =>
      meter.snapshot().find(({ name }) => name === 'onrecord_recordings_overdue')?.value;
    return { asked, runs, log, tick, gauge, stop };
  }

  it('looks for what should have ended before the grace, alarms once, counts, and clears', async () => {
    const { asked, log, tick, gauge } = setUp([[open('a')], [open('a'), open('b')], []]);
    expect(gauge()).toBe(0);
    await tick();
    expect(asked).toEqual(['2026-11-23T11:59:00.000Z']);
    expect(gauge()).toBe(1);
    await tick();
    expect(gauge()).toBe(2);
    const alarms = log.lines.filter(({ event }) => event === 'recording-overdue');
    expect(alarms.map(({ level, fields }) => [level, fields['recordingId']])).toEqual([
      ['error', 'a'],
      ['error', 'b'],
    ]);
    await tick();
    expect(gauge()).toBe(0);
    expect(log.lines.filter(({ event }) => event === 'recording-overdue-cleared')).toHaveLength(2);
  });

  it('goes on after a look that failed, and keeps what it knew', async () => {
    const { log, tick, gauge } = setUp([[open('a')], new Error('down'), [open('a')]]);
    await tick();
    await tick();
    expect(log.has('reconciler-failed')).toBe(true);
    expect(gauge()).toBe(1);
    await tick();
    expect(log.lines.filter(({ event }) => event === 'recording-overdue')).toHaveLength(1);
  });

  it('stops, also in the middle of a look', async () => {
    const { runs, tick, stop } = setUp([]);
    const ticking = tick();
    stop();
    await ticking;
    expect(runs).toEqual([]);
  });
});
