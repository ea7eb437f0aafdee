import { describe, expect, it } from 'vitest';
import type { QueuedEntry } from '../../src/journal/commit-queue.ts';
import { RecentEntries } from '../../src/journal/recent-entries.ts';
import type { WallMs } from '../../src/kernel/clock.ts';

const entry = (seq: number): QueuedEntry => ({
  seq,
  at: 0 as WallMs,
  event: { kind: 'ladder', ladder: { callId: String(seq), packed: '' } },
  line: 'x'.repeat(10),
});
const seqs = (recent: RecentEntries, acked: number) => recent.after(acked)?.map(({ seq }) => seq) ?? null;

describe('what memory still has of the journal', () => {
  it('is nothing before the first commit', () => {
    expect(seqs(new RecentEntries(), 0)).toBeNull();
  });

  it('is whole when it begins right behind what is acknowledged', () => {
    const recent = new RecentEntries();
    recent.add([entry(4), entry(5)]);
    expect(seqs(recent, 3)).toEqual([4, 5]);
    expect(seqs(recent, 2)).toBeNull();
  });

  it('loses what is acknowledged', () => {
    const recent = new RecentEntries();
    recent.add([entry(1), entry(2), entry(3)]);
    recent.acknowledge(2);
    expect(seqs(recent, 2)).toEqual([3]);
    recent.acknowledge(3);
    expect(seqs(recent, 3)).toBeNull();
  });

  it('loses its oldest beyond its room: they are on disk', () => {
    const recent = new RecentEntries(25);
    recent.add([entry(1), entry(2)]);
    recent.add([entry(3)]);
    expect(seqs(recent, 0)).toBeNull();
    expect(seqs(recent, 1)).toEqual([2, 3]);
  });
});
