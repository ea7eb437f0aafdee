import type { Result } from '../kernel/result.ts';
import { err, ok } from '../kernel/result.ts';
import type { RecordEvent } from '../records/record-event.ts';
import type { QueuedEntry } from './commit-queue.ts';
import { diskFault, type JournalFault } from './journal-fault.ts';
import { scanLines } from './journal-line.ts';
import { parseEvent } from './open-scan.ts';
import type { OwedEntries } from './owed-entries.ts';
import type { SegmentLog } from './segment-log.ts';

/** Some of what is pending. Its number is the place of its last entry, so numbers only grow. */
export interface PendingBatch {
  readonly batch: number;
  readonly events: readonly RecordEvent[];
}

export interface PendingQuestion {
  readonly log: SegmentLog;
  readonly owed: OwedEntries;
  /** Everything that is on disk and not acknowledged; null: memory has only a part of it. */
  readonly recent: readonly QueuedEntry[] | null;
  /** Entries that the disk has refused: they come after everything that is on it. */
  readonly refused: readonly QueuedEntry[];
  readonly limit: number;
  readonly maxBytes: number;
  readonly directory: string;
}

/** Null: nothing is pending. A batch without events: what is pending is of no use, and may be acknowledged. */
export async function readPending(
  question: PendingQuestion,
): Promise<Result<PendingBatch | null, JournalFault>> {
  const { recent, refused } = question;
  const gathered = new Gathered(question);
  if (recent === null) {
    try {
      await readFiles(question, gathered);
    } catch (cause) {
      return err(diskFault('be read', question.directory, cause));
    }
  } else {
    gathered.take(recent);
  }
  // Some may have reached the disk, and have been read there, meanwhile.
  gathered.take(refused);
  return ok(gathered.batch());
}

async function readFiles({ log, owed }: PendingQuestion, gathered: Gathered): Promise<void> {
  for (const segment of log.all().filter(({ lastSeq }) => lastSeq > owed.acked)) {
    // The content is that of now: a commit that ends while the file is read waits for the next batch.
    const lastSeq = segment.lastSeq;
    const content = await log.read(segment);
    scanLines(content, (line) => {
      if (line.type !== 'event' || line.seq > lastSeq || !owed.isPending(line.seq)) return undefined;
      if (gathered.full) return 'stop';
      gathered.add(line.seq, line.json.length, parseEvent(line.json));
      return undefined;
    });
    if (gathered.full) return;
    gathered.passed(lastSeq);
  }
}

class Gathered {
  readonly #question: PendingQuestion;
  readonly #events: RecordEvent[] = [];
  #bytes = 0;
  last = 0;

  constructor(question: PendingQuestion) {
    this.#question = question;
  }

  get full(): boolean {
    return this.#events.length >= this.#question.limit || this.#bytes >= this.#question.maxBytes;
  }

  add(seq: number, bytes: number, event: RecordEvent | null): void {
    this.last = seq;
    this.#bytes += bytes;
    if (event !== null) this.#events.push(event);
  }

  /** Entries in memory, in order; those that were seen before are passed over, and so are those of no use any more. */
  take(entries: readonly QueuedEntry[]): void {
    for (const { seq, line, event } of entries) {
      if (this.full) return;
      if (seq <= this.last || seq <= this.#question.owed.acked) continue;
      if (this.#question.owed.isPending(seq)) this.add(seq, line.length, event);
      else this.passed(seq);
    }
  }

  /** Everything up to here was seen. */
  passed(seq: number): void {
    this.last = Math.max(this.last, seq);
  }

  batch(): PendingBatch | null {
    return this.last === 0 ? null : { batch: this.last, events: latestOnly(this.#events) };
  }
}

/** Only the newest snapshot of each call and recording, each where its newest stood. */
function latestOnly(events: readonly RecordEvent[]): readonly RecordEvent[] {
  const newest = new Map<string, RecordEvent>();
  for (const event of events) {
    const id = snapshotId(event);
    if (id !== null) newest.set(id, event);
  }
  return events.filter((event) => {
    const id = snapshotId(event);
    return id === null || newest.get(id) === event;
  });
}

function snapshotId(event: RecordEvent): string | null {
  if (event.kind === 'call') return `call ${event.call.id}`;
  if (event.kind === 'recording') return `recording ${event.recording.id}`;
  return null;
}
