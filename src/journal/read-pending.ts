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
  const { log, owed, refused } = question;
  const gathered = new Gathered(question);
  const segments = log.all().filter((segment) => segment.lastSeq > owed.acked);
  try {
    for (const segment of segments) {
      // The content is that of now: a commit that ends while the file is read waits for the next batch.
      const lastSeq = segment.lastSeq;
      const content = await log.read(segment);
      scanLines(content, (line) => {
        if (line.type !== 'event' || line.seq > lastSeq || !owed.isPending(line.seq)) return undefined;
        if (gathered.full) return 'stop';
        gathered.add(line.seq, line.json.length, parseEvent(line.json));
        return undefined;
      });
      if (gathered.full) break;
      gathered.passed(lastSeq);
    }
  } catch (cause) {
    return err(diskFault('be read', question.directory, cause));
  }
  for (const { seq, line, event } of refused) {
    if (gathered.full) break;
    // Some may have reached the disk, and have been read there, meanwhile.
    if (seq > gathered.last && owed.isPending(seq)) gathered.add(seq, line.length, event);
  }
  return ok(gathered.batch());
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
