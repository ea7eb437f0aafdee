import { describe, expect, it } from 'vitest';
import { type Journal, type JournalOptions, openJournal } from '../../src/journal/journal.ts';
import type { RecordEvent } from '../../src/records/record-event.ts';
import { FakeFiles, noSpace } from './fake-files.ts';
import { FakeTime } from './fake-time.ts';
import { callEvent, consentEvent, keyEvent, recordingEvent, wrappedOf } from './sample-events.ts';

async function open(files: FakeFiles, time: FakeTime, more: Partial<JournalOptions> = {}): Promise<Journal> {
  const { clock, schedule } = time;
  const opened = await openJournal({ directory: '/journal', clock, schedule, files, ...more });
  if (!opened.ok) throw new Error(opened.error.message);
  return opened.value;
}

async function append(journal: Journal, time: FakeTime, ...events: RecordEvent[]): Promise<boolean> {
  const result = journal.append(events);
  await time.advance(10);
  return (await result).ok;
}

/** Ships everything, as the link would; returns what was shipped. */
async function ship(journal: Journal, limit = 100): Promise<RecordEvent[]> {
  const shipped: RecordEvent[] = [];
  for (;;) {
    const batch = await journal.pending(limit);
    if (!batch.ok) throw new Error(batch.error.message);
    if (batch.value === null) return shipped;
    shipped.push(...batch.value.events);
    journal.acknowledge(batch.value.batch);
  }
}

describe('commits', () => {
  it('resolves an append only when it is synced', async () => {
    const files = new FakeFiles();
    const time = new FakeTime();
    const journal = await open(files, time);
    let resolved = false;
    files.operations.length = 0;
    const appended = journal.append([callEvent('a', 1)]).then(() => {
      resolved = true;
      expect(files.operations).toEqual(['write', 'datasync']);
    });
    expect(resolved).toBe(false);
    await time.advance(0);
    await appended;
  });

  it('groups everything that waits into one write and one sync, at most one each 10 ms', async () => {
    const files = new FakeFiles();
    const time = new FakeTime();
    const journal = await open(files, time);
    await append(journal, time, callEvent('first', 1));
    files.operations.length = 0;
    const all: Promise<unknown>[] = [];
    for (let i = 0; i < 100; i++) {
      all.push(journal.append([callEvent(`c${i}`, 1)]));
      await time.advance(1);
    }
    await time.advance(10);
    await Promise.all(all);
    const syncs = files.operations.filter((operation) => operation === 'datasync').length;
    expect(syncs).toBeGreaterThanOrEqual(9);
    expect(syncs).toBeLessThanOrEqual(11);
    expect(files.operations.filter((operation) => operation === 'write')).toHaveLength(syncs);
  });

  it('tells the caller of a full disk, keeps the events, and writes them when there is room', async () => {
    const files = new FakeFiles();
    const time = new FakeTime();
    const journal = await open(files, time);
    expect(await append(journal, time, callEvent('before', 1))).toBe(true);
    files.fail = (operation) => (operation === 'write' ? noSpace() : null);
    files.partialWrite = 40;
    expect(await append(journal, time, callEvent('during', 1))).toBe(false);
    expect(journal.stats()).toMatchObject({ queued: 1, failedCommits: 1 });
    files.fail = () => null;
    await time.advance(1500);
    expect(journal.stats().queued).toBe(0);
    expect(await append(journal, time, callEvent('after', 1))).toBe(true);

    const next = await open(files.afterPowerLoss(0), time);
    expect(next.unfinished().calls.map(({ id }) => id)).toEqual(['before', 'during', 'after']);
    expect(next.stats().corruptLines).toBe(0);
  });

  it('never writes again to a file whose sync has failed', async () => {
    const files = new FakeFiles();
    const time = new FakeTime();
    const journal = await open(files, time);
    await append(journal, time, callEvent('a', 1));
    let syncs = 0;
    files.fail = (operation) => (operation === 'datasync' && syncs++ === 0 ? noSpace() : null);
    expect(await append(journal, time, callEvent('b', 1))).toBe(false);
    await time.advance(2000);
    expect(files.names()).toHaveLength(2);
    const next = await open(files.afterPowerLoss(0), time);
    expect(next.unfinished().calls.map(({ id }) => id)).toEqual(['a', 'b']);
  });

  it('ships from memory what the disk refuses', async () => {
    const files = new FakeFiles();
    const time = new FakeTime();
    const journal = await open(files, time);
    await append(journal, time, callEvent('a', 1));
    files.fail = (operation) => (operation === 'write' ? noSpace() : null);
    await append(journal, time, callEvent('a', 2, true), consentEvent('e'));
    expect(await ship(journal)).toEqual([callEvent('a', 2, true), consentEvent('e')]);
  });

  it('refuses with `full` what would not fit into its bounds, and takes events again later', async () => {
    const files = new FakeFiles();
    const time = new FakeTime();
    const journal = await open(files, time, { maxBytes: 1000 });
    let result = await journal.append([]);
    for (let i = 0; i < 10 && result.ok; i++) {
      const appended = journal.append([callEvent(`c${i}`, 1, true)]);
      await time.advance(10);
      result = await appended;
    }
    expect(result).toMatchObject({ ok: false, error: { code: 'full' } });
    await ship(journal);
    await time.advance(1000);
    expect(await append(journal, time, callEvent('late', 1))).toBe(true);
  });

  it('rolls to a new segment when one is large enough', async () => {
    const files = new FakeFiles();
    const time = new FakeTime();
    const journal = await open(files, time, { segmentBytes: 2000 });
    for (let i = 0; i < 20; i++) await append(journal, time, callEvent(`c${i}`, 1));
    expect(files.names().length).toBeGreaterThanOrEqual(3);
    const next = await open(files.afterKill(), time);
    expect(next.unfinished().calls).toHaveLength(20);
  });
});

describe('shipping', () => {
  it('gives batches in order with increasing numbers, the same one until it is acknowledged', async () => {
    const time = new FakeTime();
    const journal = await open(new FakeFiles(), time);
    for (let i = 0; i < 5; i++) await append(journal, time, consentEvent(`e${i}`));
    const first = await journal.pending(2);
    expect(first).toEqual(await journal.pending(2));
    expect(first).toMatchObject({ ok: true, value: { events: [consentEvent('e0'), consentEvent('e1')] } });
    const number = first.ok && first.value !== null ? first.value.batch : 0;
    journal.acknowledge(number);
    const second = await journal.pending(2);
    expect(second).toMatchObject({ ok: true, value: { events: [consentEvent('e2'), consentEvent('e3')] } });
    expect(second.ok && second.value !== null && second.value.batch > number).toBe(true);
  });

  it('ignores an acknowledgment of what was never handed out', async () => {
    const time = new FakeTime();
    const journal = await open(new FakeFiles(), time);
    await append(journal, time, consentEvent('e'));
    journal.acknowledge(1000);
    expect(await ship(journal)).toEqual([consentEvent('e')]);
  });

  it('ships only the newest snapshot of a batch', async () => {
    const time = new FakeTime();
    const journal = await open(new FakeFiles(), time);
    await append(
      journal,
      time,
      callEvent('a', 1),
      callEvent('b', 1),
      callEvent('a', 2),
      callEvent('a', 3, true),
    );
    expect(await ship(journal)).toEqual([callEvent('b', 1), callEvent('a', 3, true)]);
  });

  it('calls back when there is something new, until told to stop', async () => {
    const time = new FakeTime();
    const journal = await open(new FakeFiles(), time);
    let calls = 0;
    const stop = journal.onPending(() => calls++);
    await append(journal, time, consentEvent('e'));
    expect(calls).toBe(1);
    stop();
    await append(journal, time, consentEvent('f'));
    expect(calls).toBe(1);
  });

  it('remembers across a restart what was acknowledged', async () => {
    const time = new FakeTime();
    const files = new FakeFiles();
    const journal = await open(files, time);
    await append(journal, time, callEvent('a', 1), consentEvent('e'));
    await ship(journal);
    await append(journal, time, consentEvent('f'));
    const next = await open(files.afterKill(), time);
    expect(await ship(next)).toEqual([consentEvent('f')]);
    expect(next.unfinished().calls).toHaveLength(1);
  });

  it('counts what is pending and how old it is', async () => {
    const time = new FakeTime();
    const journal = await open(new FakeFiles(), time);
    await append(journal, time, consentEvent('e'));
    await time.advance(5000);
    await append(journal, time, consentEvent('f'));
    expect(journal.stats()).toMatchObject({ pending: 2 });
    expect(journal.stats().oldestPendingMs).toBeGreaterThanOrEqual(5000);
    const batch = await journal.pending(1);
    if (batch.ok && batch.value !== null) journal.acknowledge(batch.value.batch);
    expect(journal.stats().pending).toBe(1);
    await ship(journal);
    expect(journal.stats()).toMatchObject({ pending: 0, oldestPendingMs: 0 });
  });
});

describe('what recovery needs', () => {
  it('is every open call and recording in its latest snapshot, and their keys, acknowledged or not', async () => {
    const time = new FakeTime();
    const files = new FakeFiles();
    const journal = await open(files, time);
    await append(journal, time, keyEvent('r'), recordingEvent('r', 1, 'expected'), callEvent('c', 1));
    await ship(journal);
    await time.advance(2000);
    await append(journal, time, recordingEvent('r', 2, 'recording'), callEvent('c', 2));
    await ship(journal);
    await time.advance(2000);
    const next = await open(files.afterPowerLoss(0), time);
    expect(next.unfinished()).toEqual({
      calls: [(callEvent('c', 2) as { call: unknown }).call],
      recordings: [(recordingEvent('r', 2, 'recording') as { recording: unknown }).recording],
      keys: [(keyEvent('r') as { key: unknown }).key],
      listings: [],
    });
  });

  it.each(['sealed', 'interrupted', 'failed', 'none'] as const)(
    'does not name a recording that is %s, nor its key',
    async (state) => {
      const time = new FakeTime();
      const files = new FakeFiles();
      const journal = await open(files, time);
      await append(journal, time, keyEvent('r'), recordingEvent('r', 1, 'expected'));
      await append(journal, time, recordingEvent('r', 2, state));
      const next = await open(files.afterKill(), time);
      expect(next.unfinished()).toEqual({ calls: [], recordings: [], keys: [], listings: [] });
    },
  );

  it('does not grow with the calls that have come and gone', async () => {
    const time = new FakeTime();
    const files = new FakeFiles();
    const journal = await open(files, time, { segmentBytes: 4000 });
    await append(
      journal,
      time,
      keyEvent('long'),
      recordingEvent('long', 1, 'recording'),
      callEvent('long', 1),
    );
    for (let i = 0; i < 200; i++) {
      await append(
        journal,
        time,
        keyEvent(`r${i}`),
        recordingEvent(`r${i}`, 1, 'expected'),
        callEvent(`c${i}`, 1),
      );
      await append(journal, time, recordingEvent(`r${i}`, 2, 'sealed'), callEvent(`c${i}`, 2, true));
      await ship(journal);
      await time.advance(200);
    }
    await time.advance(1000);
    expect(journal.stats()).toMatchObject({ openCalls: 1, unsettledKeys: 1 });
    expect(journal.stats().bytes).toBeLessThan(3000);
    expect(files.names().length).toBeLessThanOrEqual(3);
    const next = await open(files.afterKill(), time);
    expect(next.unfinished().recordings.map(({ id }) => id)).toEqual(['long']);
  });
});

describe('keys', () => {
  it('leave the disk within a second of the acknowledgment that settles them', async () => {
    const time = new FakeTime();
    const files = new FakeFiles();
    const journal = await open(files, time);
    await append(journal, time, keyEvent('gone'), recordingEvent('gone', 1, 'expected'));
    await append(journal, time, keyEvent('stays'), recordingEvent('stays', 1, 'expected'));
    await ship(journal);
    await append(journal, time, recordingEvent('gone', 2, 'sealed'));
    await time.advance(1000);
    expect(files.everything()).toContain(wrappedOf('gone'));
    await ship(journal);
    await time.advance(1000);
    expect(files.everything()).not.toContain(wrappedOf('gone'));
    expect(files.everything()).toContain(wrappedOf('stays'));
    expect(files.afterPowerLoss(0).everything()).not.toContain(wrappedOf('gone'));
  });

  it('stay while the recording is open, however long ago they were acknowledged', async () => {
    const time = new FakeTime();
    const files = new FakeFiles();
    const journal = await open(files, time, { segmentBytes: 1000 });
    await append(journal, time, keyEvent('r'), recordingEvent('r', 1, 'recording'));
    for (let i = 0; i < 50; i++) {
      await append(journal, time, consentEvent(`e${i}`));
      await ship(journal);
      await time.advance(1000);
    }
    expect(files.afterPowerLoss(0).everything()).toContain(wrappedOf('r'));
  });

  it.each([
    ['pending on disk', () => Promise.resolve()],
    [
      'acknowledged',
      async (journal: Journal) => {
        await ship(journal);
      },
    ],
  ])('that are %s are gone when forgetKey resolves', async (_, before) => {
    const time = new FakeTime();
    const files = new FakeFiles();
    const journal = await open(files, time);
    await append(journal, time, keyEvent('r'), recordingEvent('r', 1, 'recording'), keyEvent('other'));
    await before(journal);
    expect(await journal.forgetKey('r')).toEqual({ ok: true, value: undefined });
    expect(files.everything()).not.toContain(wrappedOf('r'));
    expect(files.afterPowerLoss(0).everything()).not.toContain(wrappedOf('r'));
    expect(files.everything()).toContain(wrappedOf('other'));
    expect((await ship(journal)).some((event) => event.kind === 'key' && event.key.recordingId === 'r')).toBe(
      false,
    );
  });

  it('that are forgotten while others are being given up are gone too', async () => {
    const ids = ['a', 'b', 'c', 'd'];
    for (let microtasks = 0; microtasks < 80; microtasks++) {
      const time = new FakeTime();
      const files = new FakeFiles();
      const journal = await open(files, time, { segmentBytes: 500 });
      for (const id of ids) await append(journal, time, keyEvent(id), recordingEvent(id, 1, 'recording'));
      await ship(journal);
      const first = journal.forgetKey('a');
      for (let i = 0; i < microtasks; i++) await Promise.resolve();
      expect(await journal.forgetKey('c')).toMatchObject({ ok: true });
      expect(files.everything(), `after ${microtasks} microtasks`).not.toContain(wrappedOf('c'));
      await first;
      expect(files.everything()).not.toContain(wrappedOf('a'));
      expect(files.everything()).toContain(wrappedOf('b'));
    }
  });

  it('that were not written yet never reach the disk once forgotten', async () => {
    const time = new FakeTime();
    const files = new FakeFiles();
    const journal = await open(files, time);
    const appended = journal.append([keyEvent('r'), consentEvent('e')]);
    expect(await journal.forgetKey('r')).toMatchObject({ ok: true });
    await time.advance(10);
    expect(await appended).toMatchObject({ ok: true });
    expect(files.everything()).not.toContain(wrappedOf('r'));
    expect(await ship(journal)).toEqual([consentEvent('e')]);
  });

  it('are reported, not believed gone, when the disk refuses; and leave with the next try', async () => {
    const time = new FakeTime();
    const files = new FakeFiles();
    const journal = await open(files, time);
    await append(journal, time, keyEvent('r'), callEvent('c', 1));
    files.fail = (operation) => (operation === 'rename' ? noSpace() : null);
    expect(await journal.forgetKey('r')).toMatchObject({ ok: false, error: { code: 'disk' } });
    files.fail = () => null;
    expect(await journal.forgetKey('r')).toMatchObject({ ok: true });
    expect(files.everything()).not.toContain(wrappedOf('r'));
  });
});

describe('a damaged directory', () => {
  it('keeps every whole line, wherever the tail is torn off', async () => {
    const time = new FakeTime();
    const files = new FakeFiles();
    const journal = await open(files, time);
    const ids = ['a', 'b', 'c'];
    for (const id of ids) await append(journal, time, callEvent(id, 1));
    const [name] = files.names();
    const whole = await files.read(name!);
    const ends = [...whole.keys()].filter((i) => whole[i] === 0x0a);
    for (let length = 0; length <= whole.length; length++) {
      const torn = new FakeFiles();
      torn.put(name!, whole.subarray(0, length));
      const opened = await open(torn, time);
      const lines = ends.filter((end) => end < length).length;
      expect(opened.unfinished().calls.map(({ id }) => id)).toEqual(ids.slice(0, Math.max(0, lines - 1)));
      expect(opened.stats().tornTails).toBe(length === 0 || ends.includes(length - 1) ? 0 : 1);
    }
  });

  it('loses one line at most to one wrong byte, and counts it', async () => {
    const time = new FakeTime();
    const files = new FakeFiles();
    const journal = await open(files, time);
    for (const id of ['a', 'b', 'c']) await append(journal, time, callEvent(id, 1));
    const [name] = files.names();
    const whole = await files.read(name!);
    for (let i = 0; i < whole.length; i++) {
      const damaged = Buffer.from(whole);
      damaged[i] = damaged[i]! ^ 0x01;
      const copy = new FakeFiles();
      copy.put(name!, damaged);
      const opened = await open(copy, time);
      const { corruptLines, tornTails } = opened.stats();
      expect(corruptLines + tornTails).toBeGreaterThanOrEqual(1);
      // A wrong line feed joins two lines into one.
      const atLeast = whole[i] === 0x0a ? 1 : 2;
      expect(opened.unfinished().calls.length).toBeGreaterThanOrEqual(atLeast);
      expect(await append(opened, time, callEvent('d', 1))).toBe(true);
    }
  });

  it('of a newer version is refused with a way out', async () => {
    const time = new FakeTime();
    const files = new FakeFiles();
    const { crc32 } = await import('node:zlib');
    const body = 'H 2 1 0';
    files.put('000000000001.journal', Buffer.from(`${crc32(body).toString(16).padStart(8, '0')} ${body}\n`));
    const opened = await openJournal({ directory: '/j', clock: time.clock, schedule: time.schedule, files });
    expect(opened).toMatchObject({ ok: false, error: { code: 'format' } });
  });

  it('that cannot be written is a fault at open', async () => {
    const time = new FakeTime();
    const files = new FakeFiles();
    files.fail = (operation) => (operation === 'create' ? noSpace() : null);
    const opened = await openJournal({ directory: '/j', clock: time.clock, schedule: time.schedule, files });
    expect(opened).toMatchObject({ ok: false, error: { code: 'disk' } });
    expect(opened.ok ? '' : opened.error.message).toContain('/j');
  });
});
