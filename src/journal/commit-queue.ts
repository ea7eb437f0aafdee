import type { Clock, MonotonicMs, WallMs } from '../kernel/clock.ts';
import { err, ok, type Result } from '../kernel/result.ts';
import type { Schedule } from '../kernel/timers.ts';
import type { RecordEvent } from '../records/record-event.ts';
import type { JournalFault } from './journal-fault.ts';
import { eventLine } from './journal-line.ts';

/** An event that is not on disk yet. */
export interface QueuedEntry {
  readonly seq: number;
  readonly at: WallMs;
  readonly event: RecordEvent;
  readonly line: string;
}

export interface CommitQueueOptions {
  readonly clock: Clock;
  readonly schedule: Schedule;
  /** Least distance between the starts of two commits. */
  readonly groupMs: number;
  /** Least distance after a commit that failed, unless something new is appended. */
  readonly retryMs: number;
  readonly commitBytes: number;
  readonly maxBytes: number;
  readonly firstSeq: number;
  /** Puts the entries on disk; the queue keeps them until it says so. Called by one at a time. */
  readonly commit: (entries: readonly QueuedEntry[]) => Promise<Result<void, JournalFault>>;
}

interface Waiter {
  readonly lastSeq: number;
  readonly resolve: (result: Result<void, JournalFault>) => void;
}

/**
 * Groups appends into commits. An idle journal commits at once, a busy one each `groupMs`. What a commit
 * failed to write stays here, in order, and goes with the next one.
 */
export class CommitQueue {
  readonly #options: CommitQueueOptions;
  readonly #entries: QueuedEntry[] = [];
  #waiters: Waiter[] = [];
  #bytes = 0;
  #nextSeq: number;
  #committing: Promise<void> | null = null;
  #cancelTimer: (() => void) | null = null;
  #lastStart = -Infinity as MonotonicMs;
  #stalled = false;
  failures = 0;

  constructor(options: CommitQueueOptions) {
    this.#options = options;
    this.#nextSeq = options.firstSeq;
  }

  get nextSeq(): number {
    return this.#nextSeq;
  }

  get length(): number {
    return this.#entries.length;
  }

  /** What the disk has refused, in order: it can be shipped from memory. Empty while commits succeed. */
  refused(): readonly QueuedEntry[] {
    return this.#stalled ? this.#entries : [];
  }

  add(events: readonly RecordEvent[]): Promise<Result<void, JournalFault>> {
    if (events.length === 0) return Promise.resolve(ok(undefined));
    if (this.#bytes >= this.#options.maxBytes) {
      const message = `The journal holds ${this.#bytes} bytes that its disk has not taken; ${events.length} events were refused: make room on its disk.`;
      return Promise.resolve(err({ code: 'full', message }));
    }
    const at = this.#options.clock.wall();
    for (const event of events) {
      const line = eventLine(this.#nextSeq, at, JSON.stringify(event));
      this.#entries.push({ seq: this.#nextSeq++, at, event, line });
      this.#bytes += line.length;
    }
    const lastSeq = this.#nextSeq - 1;
    const waiting = new Promise<Result<void, JournalFault>>((resolve) => {
      this.#waiters.push({ lastSeq, resolve });
    });
    if (this.#committing === null) this.#arm(this.#options.groupMs);
    return waiting;
  }

  /** The next commit starts `distanceMs` after the start of the last one, or now. */
  #arm(distanceMs: number): void {
    this.#cancelTimer?.();
    const elapsed = this.#options.clock.monotonic() - this.#lastStart;
    const delay = Math.min(distanceMs, Math.max(0, distanceMs - elapsed));
    this.#cancelTimer = this.#options.schedule(delay, () => {
      this.#cancelTimer = null;
      void this.flush();
    });
  }

  /** Commits what waits, now; resolves when everything that waited was tried once. */
  flush(): Promise<void> {
    this.#committing ??= this.#run().finally(() => {
      this.#committing = null;
      if (this.#entries.length > 0) this.#arm(this.#stalled ? this.#options.retryMs : this.#options.groupMs);
    });
    return this.#committing;
  }

  async #run(): Promise<void> {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    this.#lastStart = this.#options.clock.monotonic();
    const target = this.#nextSeq;
    for (let first = this.#entries[0]; first !== undefined && first.seq < target; first = this.#entries[0]) {
      const group = this.#group();
      const result = await this.#options.commit(group);
      this.#stalled = !result.ok;
      if (!result.ok) {
        this.failures++;
        this.#answer(target, result);
        return;
      }
      // Entries may have been dropped from the front of the queue, never put before it.
      const last = group[group.length - 1]?.seq ?? 0;
      while (this.#entries[0] !== undefined && this.#entries[0].seq <= last) this.#shift();
      this.#answer(this.#entries[0]?.seq ?? Infinity, result);
    }
    if (this.#entries.length === 0) this.#answer(Infinity, ok(undefined));
  }

  #group(): readonly QueuedEntry[] {
    let bytes = 0;
    let count = 0;
    for (const entry of this.#entries) {
      if (count > 0 && bytes + entry.line.length > this.#options.commitBytes) break;
      bytes += entry.line.length;
      count++;
    }
    return this.#entries.slice(0, count);
  }

  #shift(): void {
    const entry = this.#entries.shift();
    if (entry !== undefined) this.#bytes -= entry.line.length;
  }

  /** Answers everybody whose last entry comes before `seq`. */
  #answer(seq: number, result: Result<void, JournalFault>): void {
    const answered = this.#waiters.filter((waiter) => waiter.lastSeq < seq);
    this.#waiters = this.#waiters.filter((waiter) => waiter.lastSeq >= seq);
    for (const { resolve } of answered) resolve(result);
  }

  /** Drops a key that is not on disk; not while a commit runs. */
  dropKey(recordingId: string): void {
    for (let i = this.#entries.length - 1; i >= 0; i--) {
      const entry = this.#entries[i];
      if (entry?.event.kind !== 'key' || entry.event.key.recordingId !== recordingId) continue;
      this.#entries.splice(i, 1);
      this.#bytes -= entry.line.length;
    }
  }

  /** A last attempt; afterwards the timer is off. */
  async close(): Promise<void> {
    await this.#committing;
    await this.flush();
    this.#cancelTimer?.();
    this.#cancelTimer = null;
  }
}
