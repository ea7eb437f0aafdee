import { err, ok, type Result } from '../kernel/result.ts';
import type { JournalFile, JournalFiles } from './journal-files.ts';
import { diskFault, type JournalFault } from './journal-fault.ts';
import { headerLine } from './journal-line.ts';

/** A file of the journal. Segments are ordered by number and their sequence numbers never overlap. */
export interface Segment {
  readonly number: number;
  /** Written and synced; what lies behind was never confirmed. */
  bytes: number;
  /** Of its events; both 0 without any. */
  firstSeq: number;
  lastSeq: number;
  /** Holds a key that must leave the disk. */
  dirty: boolean;
}

export function segmentName(number: number): string {
  return `${String(number).padStart(12, '0')}.journal`;
}

/** Null for any other file. */
export function segmentNumber(name: string): number | null {
  const match = /^(\d{12})\.journal$/.exec(name);
  return match === null ? null : Number(match[1]);
}

export const temporarySuffix = '.tmp';

/** What a new segment's header says. */
export interface SegmentStart {
  readonly next: number;
  readonly acked: number;
}

/** The journal's files: one current segment that is appended to, and sealed ones that are read and replaced. */
export class SegmentLog {
  readonly #files: JournalFiles;
  readonly #directory: string;
  readonly #sealed: Segment[];
  #sealedBytes: number;
  #current: Segment | null = null;
  #file: JournalFile | null = null;
  #broken = false;
  #nextNumber: number;
  #turn: Promise<unknown> = Promise.resolve();

  /** *Takes* the segments that were found at open, in order. */
  constructor(files: JournalFiles, directory: string, found: Segment[]) {
    this.#files = files;
    this.#directory = directory;
    this.#sealed = found;
    this.#sealedBytes = found.reduce((sum, segment) => sum + segment.bytes, 0);
    this.#nextNumber = (found.at(-1)?.number ?? 0) + 1;
  }

  get sealed(): readonly Segment[] {
    return this.#sealed;
  }

  get current(): Segment | null {
    return this.#current;
  }

  /** Sealed ones and the current one, in order. */
  all(): readonly Segment[] {
    return this.#current === null ? [...this.#sealed] : [...this.#sealed, this.#current];
  }

  bytes(): number {
    return this.#sealedBytes + (this.#current?.bytes ?? 0);
  }

  /** Runs alone among everything that touches the current segment. */
  exclusive<T>(run: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(run);
    this.#turn = done.catch(() => undefined);
    return done;
  }

  /** Appends to the current segment and syncs; only under `exclusive`. An error leaves nothing confirmed. */
  async append(text: string, firstSeq: number, lastSeq: number): Promise<Result<void, JournalFault>> {
    const current = this.#current;
    const file = this.#file;
    if (current === null || file === null || this.#broken) {
      return err(diskFault('start a segment', this.#directory, 'no segment'));
    }
    const bytes = Buffer.from(text, 'utf8');
    try {
      await file.write(bytes, current.bytes);
      await file.datasync();
    } catch (cause) {
      // After a failed fsync nobody knows what the file holds: it is never written to again.
      this.#broken = true;
      await file.truncate(current.bytes).catch(() => {
        // What was refused may be readable behind the confirmed end, a key among it.
        current.dirty = true;
      });
      return err(diskFault('be written', this.#directory, cause));
    }
    current.bytes += bytes.length;
    if (current.firstSeq === 0) current.firstSeq = firstSeq;
    current.lastSeq = lastSeq;
    return ok(undefined);
  }

  /** Whether the next append needs a new segment first. */
  needsRoll(segmentBytes: number): boolean {
    return this.#current === null || this.#broken || this.#current.bytes >= segmentBytes;
  }

  /** Seals the current segment and starts the next; only under `exclusive`. */
  async roll(start: SegmentStart): Promise<Result<void, JournalFault>> {
    const number = this.#nextNumber;
    const header = Buffer.from(headerLine(start.next, start.acked), 'latin1');
    let file: JournalFile | null = null;
    try {
      file = await this.#files.create(segmentName(number));
      await file.write(header, 0);
      await file.datasync();
      await this.#files.sync();
    } catch (cause) {
      // The name may have been taken although its file failed.
      this.#nextNumber++;
      await file?.close().catch(() => undefined);
      await this.#files.remove(segmentName(number)).catch(() => undefined);
      return err(diskFault('start a segment', this.#directory, cause));
    }
    await this.#seal();
    this.#nextNumber++;
    this.#file = file;
    this.#broken = false;
    this.#current = { number, bytes: header.length, firstSeq: 0, lastSeq: 0, dirty: false };
    return ok(undefined);
  }

  async #seal(): Promise<void> {
    const segment = this.#current;
    await this.#file?.close().catch(() => undefined);
    this.#file = null;
    this.#current = null;
    if (segment === null) return;
    this.#sealed.push(segment);
    this.#sealedBytes += segment.bytes;
  }

  /** The confirmed content. */
  async read(segment: Segment): Promise<Buffer> {
    const confirmed = segment.bytes;
    const content = await this.#files.read(segmentName(segment.number));
    return content.subarray(0, confirmed);
  }

  /**
   * Puts `lines` in the place of a run of neighbouring sealed segments, under the first one's name. The
   * others leave in ascending order, so that no line outlives a later one that made it dead.
   */
  async replace(run: readonly Segment[], lines: readonly Buffer[], start: SegmentStart): Promise<void> {
    const first = run[0];
    if (first === undefined) return;
    let removed = run;
    if (lines.length > 0) {
      const content = Buffer.concat([Buffer.from(headerLine(start.next, start.acked), 'latin1'), ...lines]);
      await this.#writeOver(first, content);
      this.#sealedBytes += content.length - first.bytes;
      first.bytes = content.length;
      // A segment without events has neither.
      first.firstSeq = run.find(({ firstSeq }) => firstSeq > 0)?.firstSeq ?? 0;
      first.lastSeq = Math.max(...run.map(({ lastSeq }) => lastSeq));
      removed = run.slice(1);
    }
    for (const segment of removed) {
      await this.#files.remove(segmentName(segment.number));
      this.#sealed.splice(this.#sealed.indexOf(segment), 1);
      this.#sealedBytes -= segment.bytes;
      // What it was marked for meanwhile may stand in the replacement.
      if (segment.dirty) first.dirty = true;
    }
    await this.#files.sync();
  }

  async #writeOver(segment: Segment, content: Buffer): Promise<void> {
    const name = segmentName(segment.number);
    const temporary = name + temporarySuffix;
    await this.#files.remove(temporary).catch(() => undefined);
    const file = await this.#files.create(temporary);
    try {
      await file.write(content, 0);
      await file.datasync();
    } finally {
      await file.close();
    }
    await this.#files.rename(temporary, name);
    await this.#files.sync();
  }

  async close(): Promise<void> {
    await this.exclusive(() => this.#seal());
  }
}
