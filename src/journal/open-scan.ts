import type { Result } from '../kernel/result.ts';
import { err, ok } from '../kernel/result.ts';
import type { RecordEvent } from '../records/record-event.ts';
import type { JournalFiles } from './journal-files.ts';
import { diskFault, type JournalFault } from './journal-fault.ts';
import { journalFormat, scanLines, type JournalLine } from './journal-line.ts';
import { OwedEntries } from './owed-entries.ts';
import { type Segment, segmentName, segmentNumber, temporarySuffix } from './segment-log.ts';
import { UnfinishedCollector, type Unfinished } from './unfinished.ts';

/** What an earlier life left in the directory. */
export interface OpenScan {
  readonly segments: Segment[];
  readonly owed: OwedEntries;
  readonly unfinished: Unfinished;
  readonly nextSeq: number;
  readonly oldest: readonly SeqTime[];
  readonly corruptLines: number;
  readonly tornTails: number;
}

/** When an entry came, for the age of what is pending. */
export interface SeqTime {
  readonly seq: number;
  /** Unix milliseconds. */
  readonly at: number;
}

/** Reads every segment in order. Broken lines are counted and passed over; whole ones are never lost. */
export async function scanJournal(
  files: JournalFiles,
  directory: string,
): Promise<Result<OpenScan, JournalFault>> {
  try {
    await files.prepare();
    const scan = new Scan();
    for (const number of await listSegments(files)) {
      const fault = scan.segment(number, await files.read(segmentName(number)), directory);
      if (fault !== null) return err(fault);
    }
    return ok(scan.finish());
  } catch (cause) {
    return err(diskFault('be read', directory, cause));
  }
}

/** Also removes what a replacement that was killed had not renamed yet. */
async function listSegments(files: JournalFiles): Promise<number[]> {
  const names = await files.list();
  for (const name of names) if (name.endsWith(temporarySuffix)) await files.remove(name);
  return names
    .map(segmentNumber)
    .filter((number) => number !== null)
    .sort((a, b) => a - b);
}

class Scan {
  readonly #segments: Segment[] = [];
  readonly #owed = new OwedEntries();
  readonly #unfinished = new UnfinishedCollector();
  readonly #times: SeqTime[] = [];
  #lastSeq = 0;
  #next = 1;
  #acked = 0;
  #corrupt = 0;
  #torn = 0;

  segment(number: number, content: Buffer, directory: string): JournalFault | null {
    const segment: Segment = { number, bytes: content.length, firstSeq: 0, lastSeq: 0, dirty: false };
    const foreign: number[] = [];
    const faults = scanLines(content, (line) => {
      if (line.type === 'header' && line.format > journalFormat) foreign.push(line.format);
      else this.#line(line, segment);
      return undefined;
    });
    if (foreign.length > 0) {
      const message = `The journal in ${directory} has format ${String(foreign[0])}, newer than this version's ${journalFormat}: start the version that wrote it, let it drain, then come back.`;
      return { code: 'format', message };
    }
    this.#corrupt += faults.corrupt;
    if (faults.torn) this.#torn++;
    this.#segments.push(segment);
    return null;
  }

  #line(line: JournalLine, segment: Segment): void {
    if (line.type === 'acked') {
      this.#acked = Math.max(this.#acked, line.seq);
    } else if (line.type === 'header') {
      this.#acked = Math.max(this.#acked, line.acked);
      this.#next = Math.max(this.#next, line.next);
    } else {
      this.#event(line.seq, line.at, line.json, segment);
    }
  }

  #event(seq: number, at: number, json: string, segment: Segment): void {
    // A replacement that was killed before it removed the replaced leaves the same lines twice.
    if (seq <= this.#lastSeq) return;
    const event = parseEvent(json);
    if (event === null) {
      this.#corrupt++;
      return;
    }
    this.#lastSeq = seq;
    if (segment.firstSeq === 0) segment.firstSeq = seq;
    segment.lastSeq = seq;
    this.#owed.note(seq, event);
    this.#unfinished.add(seq, event);
    const last = this.#times.at(-1);
    if (last === undefined || at - last.at >= 1000) this.#times.push({ seq, at });
  }

  finish(): OpenScan {
    this.#owed.acknowledge(Math.min(this.#acked, Math.max(this.#lastSeq, this.#next - 1)));
    for (const seq of this.#owed.takeSettledKeys()) {
      const segment = this.#segments.find((each) => seq >= each.firstSeq && seq <= each.lastSeq);
      if (segment !== undefined) segment.dirty = true;
    }
    return {
      segments: this.#segments,
      owed: this.#owed,
      unfinished: this.#unfinished.result(this.#owed.acked),
      nextSeq: Math.max(this.#lastSeq + 1, this.#next),
      oldest: this.#times,
      corruptLines: this.#corrupt,
      tornTails: this.#torn,
    };
  }
}

/** Null for what passes the checksum and yet is no event. */
export function parseEvent(json: string): RecordEvent | null {
  try {
    const event = JSON.parse(json) as RecordEvent | null;
    return typeof event === 'object' && event !== null && typeof event.kind === 'string' ? event : null;
  } catch {
    return null;
  }
}
