import { beforeEach, describe, expect, it } from 'vitest';
import { LadderKeeper } from '../../src/app/wiring/ladder-keeper.ts';
import type { JournalStats } from '../../src/journal/journal.ts';
import { silentLogger } from '../../src/kernel/logger.ts';
import { createMeter, type Meter } from '../../src/kernel/meter.ts';
import { err, ok } from '../../src/kernel/result.ts';
import type { RecordEvent } from '../../src/records/record-event.ts';
import { HandSchedule } from '../signalling/transport/hand-schedule.ts';

describe('ladders on their way to the journal', () => {
  let hand: HandSchedule;
  let meter: Meter;
  let appended: number[];
  let bytes: number;
  let full: boolean;
  let keeper: LadderKeeper;

  beforeEach(() => {
    hand = new HandSchedule();
    meter = createMeter();
    appended = [];
    bytes = 0;
    full = false;
    const append = (events: readonly RecordEvent[]) => {
      appended.push(events.length);
      return Promise.resolve(full ? err({ code: 'full' as const, message: '' }) : ok(undefined));
    };
    keeper = new LadderKeeper({
      ...{ meter, logger: silentLogger, schedule: hand.schedule },
      journal: { append, stats: () => ({ bytes }) as JournalStats },
    });
  });

  const keep = (count: number): void => {
    for (let i = 0; i < count; i++) keeper.keep({ callId: String(i), packed: '' });
  };
  const counted = (outcome: string): number =>
    meter.snapshot().find(({ labels }) => labels['outcome'] === outcome)?.value ?? 0;

  it('go together: after a second, or when there are a hundred', async () => {
    keep(3);
    expect(appended).toEqual([]);
    hand.advance(1_000);
    expect(appended).toEqual([3]);
    keep(250);
    expect(appended).toEqual([3, 100, 100]);
    hand.advance(1_000);
    expect(appended).toEqual([3, 100, 100, 50]);
    await Promise.resolve();
    expect(counted('kept')).toBe(253);
    expect(hand.pending).toBe(0);
  });

  it('go at once when the node ends', () => {
    keep(2);
    keeper.flush();
    keeper.flush();
    expect(appended).toEqual([2]);
    expect(hand.pending).toBe(0);
  });

  it('leave the journal to what must not be lost while no database takes it', () => {
    bytes = 300 * 1024 * 1024;
    keep(2);
    hand.advance(1_000);
    expect(appended).toEqual([]);
    expect(counted('dropped')).toBe(2);
  });

  it('are counted where the journal does not take them', async () => {
    full = true;
    keep(1);
    hand.advance(1_000);
    await Promise.resolve();
    expect(counted('refused')).toBe(1);
  });
});
