import type { Clock } from '../kernel/clock.ts';
import { type Logger, silentLogger } from '../kernel/logger.ts';
import { err, ok, type Result } from '../kernel/result.ts';
import { type Schedule, systemSchedule } from '../kernel/timers.ts';
import type { RecordEvent } from '../records/record-event.ts';
import { CommitQueue, type QueuedEntry } from './commit-queue.ts';
import { type JournalFiles, nodeJournalFiles } from './journal-files.ts';
import type { JournalFault } from './journal-fault.ts';
import { ackedLine } from './journal-line.ts';
import { type OpenScan, scanJournal, type SeqTime } from './open-scan.ts';
import type { OwedEntries } from './owed-entries.ts';
import { type PendingBatch, readPending } from './read-pending.ts';
import { RecentEntries } from './recent-entries.ts';
import { SegmentLog, type SegmentStart } from './segment-log.ts';
import { settle } from './settle.ts';
import type { Unfinished } from './unfinished.ts';

export interface JournalOptions {
  /** Made if it is not there. One journal at a time may have it open: the caller holds the lock. */
  readonly directory: string;
  readonly clock: Clock;
  readonly logger?: Logger;
  readonly schedule?: Schedule;
  readonly files?: JournalFiles;
  /** Least distance between two commits, milliseconds. */
  readonly groupMs?: number;
  /** How soon after an acknowledgment settled content leaves the disk, milliseconds. */
  readonly settleMs?: number;
  readonly segmentBytes?: number;
  /** What may lie on disk before events are refused. */
  readonly maxBytes?: number;
  /** What may wait in memory while the disk refuses. */
  readonly maxQueuedBytes?: number;
}

export interface JournalStats {
  /** Entries not acknowledged. */
  readonly pending: number;
  readonly oldestPendingMs: number;
  readonly bytes: number;
  readonly segments: number;
  readonly openCalls: number;
  readonly unsettledKeys: number;
  /** Entries the disk has not taken yet. */
  readonly queued: number;
  readonly failedCommits: number;
  readonly failedSettles: number;
  /** Found at open. */
  readonly corruptLines: number;
  readonly tornTails: number;
}

/** Most a batch carries, so that it fits a frame of the link. */
const batchBytes = 4 * 1024 * 1024;
const retryMs = 1000;
const markEveryMs = 1000;

/** Opens the journal in a directory and reads what an earlier life left there. */
export async function openJournal(options: JournalOptions): Promise<Result<Journal, JournalFault>> {
  const files = options.files ?? nodeJournalFiles(options.directory);
  const scan = await scanJournal(files, options.directory);
  if (!scan.ok) return scan;
  const { corruptLines, tornTails, segments } = scan.value;
  const logger = options.logger ?? silentLogger;
  if (corruptLines > 0) logger.error('journal-corrupt-lines', { corruptLines, segments: segments.length });
  if (tornTails > 0) logger.warn('journal-torn-tails', { tornTails });
  const journal = new Journal(options, files, scan.value);
  const started = await journal.start();
  return started.ok ? ok(journal) : started;
}

/**
 * The node's own truth about its records: what is not stored yet, and what is not finished. Files are
 * touched off the caller's loop. Snapshots of one entity must be appended in the order of their versions.
 */
export class Journal {
  readonly #options: JournalOptions;
  readonly #logger: Logger;
  readonly #schedule: Schedule;
  readonly #log: SegmentLog;
  readonly #queue: CommitQueue;
  readonly #owed: OwedEntries;
  readonly #recent = new RecentEntries();
  readonly #scan: OpenScan;
  readonly #listeners = new Set<() => void>();
  #marks: SeqTime[];
  #ackedOnDisk: number;
  /** The last batch that was handed out: nothing beyond it can be acknowledged. */
  #handedOut: number;
  #settling: Promise<Result<void, JournalFault>> | null = null;
  #cancelSettle: (() => void) | null = null;
  #failedSettles = 0;
  #closed = false;

  /** Use `openJournal`. */
  constructor(options: JournalOptions, files: JournalFiles, scan: OpenScan) {
    this.#options = options;
    this.#logger = options.logger ?? silentLogger;
    this.#schedule = options.schedule ?? systemSchedule;
    this.#log = new SegmentLog(files, options.directory, scan.segments);
    this.#owed = scan.owed;
    this.#scan = scan;
    this.#ackedOnDisk = scan.owed.acked;
    this.#handedOut = scan.owed.acked;
    this.#marks = scan.oldest.filter(({ seq }) => seq > scan.owed.acked);
    this.#queue = new CommitQueue({
      clock: options.clock,
      schedule: this.#schedule,
      groupMs: options.groupMs ?? 10,
      retryMs,
      commitBytes: this.#segmentBytes,
      maxBytes: options.maxQueuedBytes ?? 32 * 1024 * 1024,
      firstSeq: scan.nextSeq,
      commit: (entries) => this.#log.exclusive(() => this.#commit(entries)),
    });
  }

  get #segmentBytes(): number {
    return this.#options.segmentBytes ?? 256 * 1024;
  }

  /** Starts a segment of its own: an old one's tail may be torn. */
  async start(): Promise<Result<void, JournalFault>> {
    const rolled = await this.#log.exclusive(() => this.#log.roll(this.#segmentStart()));
    if (rolled.ok) this.#settleWithin(this.#settleMs);
    return rolled;
  }

  get #settleMs(): number {
    return this.#options.settleMs ?? 500;
  }

  #segmentStart(): SegmentStart {
    return { next: this.#owed.acked + 1, acked: this.#owed.acked };
  }

  /** What was open when the journal was opened: all that recovery needs. */
  unfinished(): Unfinished {
    return this.#scan.unfinished;
  }

  /**
   * Resolves once the events are on disk. After `disk` they are not there yet, but the journal keeps
   * them, ships them and goes on trying; after `full` and `closed` it has not taken them.
   */
  append(events: readonly RecordEvent[]): Promise<Result<void, JournalFault>> {
    if (this.#closed) {
      return Promise.resolve(err({ code: 'closed', message: 'The journal is closed.' }));
    }
    const bytes = this.#log.bytes();
    if (bytes >= (this.#options.maxBytes ?? 1024 * 1024 * 1024)) {
      const message = `The journal in ${this.#options.directory} has reached its limit with ${bytes} bytes that no database has taken: bring the database back.`;
      return Promise.resolve(err({ code: 'full', message }));
    }
    return this.#queue.add(events);
  }

  async #commit(entries: readonly QueuedEntry[]): Promise<Result<void, JournalFault>> {
    const first = entries[0];
    const last = entries[entries.length - 1];
    if (first === undefined || last === undefined) return ok(undefined);
    if (this.#log.needsRoll(this.#segmentBytes)) {
      const rolled = await this.#log.roll(this.#segmentStart());
      if (!rolled.ok) return this.#refused(rolled);
    }
    const acked = this.#owed.acked;
    let text = acked > this.#ackedOnDisk ? ackedLine(acked) : '';
    for (const { line } of entries) text += line;
    const result = await this.#log.append(text, first.seq, last.seq);
    if (!result.ok) return this.#refused(result);
    this.#ackedOnDisk = Math.max(this.#ackedOnDisk, acked);
    for (const { seq, event } of entries) this.#owed.note(seq, event);
    this.#recent.add(entries);
    if (first.seq <= acked) {
      // Shipped from memory and acknowledged before the disk took them.
      this.#markDirty(this.#owed.takeSettledKeys());
      this.#settleWithin(this.#settleMs);
    }
    this.#mark(first);
    this.#announce();
    return result;
  }

  #refused(result: Result<void, JournalFault>): Result<void, JournalFault> {
    if (!result.ok) this.#logger.error('journal-commit-failed', { fault: result.error.message });
    // What the disk refuses can still be shipped from memory.
    this.#announce();
    return result;
  }

  #mark({ seq, at }: QueuedEntry): void {
    const last = this.#marks.at(-1);
    if (last === undefined || at - last.at >= markEveryMs) this.#marks.push({ seq, at });
  }

  #announce(): void {
    for (const listener of this.#listeners) listener();
  }

  /** Calls back after each commit that brought something to ship; returns the way to stop it. */
  onPending(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * The oldest entries that are not acknowledged, at most `limit`, in order and without snapshots that
   * the same batch has a newer version of; null when there is nothing. Asked again before the
   * acknowledgment it begins at the same entry.
   */
  async pending(limit: number): Promise<Result<PendingBatch | null, JournalFault>> {
    const read = await readPending({
      log: this.#log,
      owed: this.#owed,
      recent: this.#recent.after(this.#owed.acked),
      refused: [...this.#queue.refused()],
      limit,
      maxBytes: batchBytes,
      directory: this.#options.directory,
    });
    if (!read.ok || read.value === null) return read;
    this.#handedOut = Math.max(this.#handedOut, read.value.batch);
    if (read.value.events.length > 0) return read;
    // Nothing but forgotten keys and corrupt lines.
    this.acknowledge(read.value.batch);
    return ok(null);
  }

  /** Everything up to this batch is stored. Late, repeated and foreign numbers do no harm. */
  acknowledge(batch: number): void {
    const seq = Math.min(batch, this.#handedOut);
    if (seq <= this.#owed.acked) return;
    this.#owed.acknowledge(seq);
    this.#recent.acknowledge(seq);
    this.#markDirty(this.#owed.takeSettledKeys());
    this.#marks = this.#marks.filter(
      (mark, i) => mark.seq > seq || (this.#marks[i + 1]?.seq ?? Infinity) > seq + 1,
    );
    this.#settleWithin(this.#settleMs);
  }

  #markDirty(seqs: readonly number[]): void {
    for (const seq of seqs) {
      const segment = this.#log.all().find((each) => seq >= each.firstSeq && seq <= each.lastSeq);
      if (segment !== undefined) segment.dirty = true;
    }
  }

  #settleWithin(delayMs: number): void {
    if (this.#closed || this.#cancelSettle !== null) return;
    this.#cancelSettle = this.#schedule(delayMs, () => {
      this.#cancelSettle = null;
      void this.#settle().then((result) => {
        if (!result.ok) this.#settleWithin(retryMs);
      });
    });
  }

  /** One pass at a time; a caller during a pass gets the next one. */
  async #settle(): Promise<Result<void, JournalFault>> {
    while (this.#settling !== null) await this.#settling;
    this.#settling = settle(this.#log, this.#owed, () => this.#segmentStart(), this.#options.directory);
    const result = await this.#settling;
    this.#settling = null;
    if (!result.ok) {
      this.#failedSettles++;
      this.#logger.error('journal-settle-failed', { fault: result.error.message });
    }
    return result;
  }

  /** The recording's key is in none of the journal's files when this resolves without a fault. */
  async forgetKey(recordingId: string): Promise<Result<void, JournalFault>> {
    await this.#log.exclusive(() => {
      this.#queue.dropKey(recordingId);
      this.#markDirty(this.#owed.forgetKey(recordingId));
      return Promise.resolve();
    });
    while (this.#settling !== null) await this.#settling;
    if (!this.#log.all().some((segment) => segment.dirty)) return ok(undefined);
    return this.#settle();
  }

  stats(): JournalStats {
    const segments = this.#log.all();
    const oldest = this.#marks[0];
    const lastSeq = this.#queue.nextSeq - 1;
    const pending = Math.max(0, lastSeq - this.#owed.acked);
    const age = oldest === undefined ? 0 : this.#options.clock.wall() - oldest.at;
    return {
      pending,
      oldestPendingMs: pending === 0 ? 0 : Math.max(0, age),
      bytes: this.#log.bytes(),
      segments: segments.length,
      openCalls: this.#owed.openCalls,
      unsettledKeys: this.#owed.unsettledKeys,
      queued: this.#queue.length,
      failedCommits: this.#queue.failures,
      failedSettles: this.#failedSettles,
      corruptLines: this.#scan.corruptLines,
      tornTails: this.#scan.tornTails,
    };
  }

  /** Puts on disk what waits and gives up what is settled. */
  async close(): Promise<Result<void, JournalFault>> {
    if (this.#closed) return ok(undefined);
    this.#closed = true;
    this.#cancelSettle?.();
    this.#cancelSettle = null;
    await this.#queue.close();
    const settled = await this.#settle();
    await this.#log.close();
    const { length } = this.#queue;
    if (length === 0) return settled;
    const message = `The journal in ${this.#options.directory} closed with ${length} entries that its disk did not take: they are lost.`;
    return err({ code: 'disk', message });
  }
}
