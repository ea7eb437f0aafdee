import { describe, expect, it } from 'vitest';
import { namedTimers } from '../../src/kernel/timers.ts';

/** Time that the test moves. */
function wheel() {
  let now = 0;
  let waiting: { at: number; run: () => void }[] = [];
  return {
    schedule: (delayMs: number, run: () => void) => {
      const entry = { at: now + delayMs, run };
      waiting.push(entry);
      return () => {
        waiting = waiting.filter((each) => each !== entry);
      };
    },
    pass(ms: number) {
      now += ms;
      const due = waiting.filter(({ at }) => at <= now);
      waiting = waiting.filter(({ at }) => at > now);
      for (const { run } of due) run();
    },
    waiting: () => waiting.length,
  };
}

describe('named timers', () => {
  it('expire once, by name', () => {
    const time = wheel();
    const expired: string[] = [];
    const timers = namedTimers<'A' | 'B'>(time.schedule, (name) => expired.push(name));
    timers.set('A', 10);
    timers.set('B', 20);
    time.pass(15);
    expect(expired).toEqual(['A']);
    time.pass(100);
    expect(expired).toEqual(['A', 'B']);
  });

  it('setting a name that runs restarts it', () => {
    const time = wheel();
    const expired: string[] = [];
    const timers = namedTimers<'A'>(time.schedule, (name) => expired.push(name));
    timers.set('A', 10);
    time.pass(9);
    timers.set('A', 10);
    time.pass(9);
    expect(expired).toEqual([]);
    time.pass(1);
    expect(expired).toEqual(['A']);
    expect(time.waiting()).toBe(0);
  });

  it('cleared ones never expire, one or all', () => {
    const time = wheel();
    const expired: string[] = [];
    const timers = namedTimers<'A' | 'B' | 'C'>(time.schedule, (name) => expired.push(name));
    for (const name of ['A', 'B', 'C'] as const) timers.set(name, 1);
    timers.clear('A');
    timers.clear('A');
    time.pass(0);
    timers.clearAll();
    time.pass(10);
    expect(expired).toEqual([]);
    expect(time.waiting()).toBe(0);
  });

  it('one that is set again while it expires runs again', () => {
    const time = wheel();
    let times = 0;
    const timers = namedTimers<'A'>(time.schedule, () => {
      times += 1;
      if (times < 3) timers.set('A', 10);
    });
    timers.set('A', 10);
    for (let i = 0; i < 5; i++) time.pass(10);
    expect(times).toBe(3);
  });
});
