import type { QueuedEntry } from './commit-queue.ts';

/** A busy second makes a tenth of it. */
const enoughBytes = 8 * 1024 * 1024;

/**
 * What the disk has taken lately and nobody has acknowledged yet. Control usually takes it within milliseconds, so
 * that its files need not be read again, which would decode what has just been encoded.
 */
export class RecentEntries {
  readonly #entries: QueuedEntry[] = [];
  readonly #mostBytes: number;
  #bytes = 0;

  /** Beyond `mostBytes` the oldest are read from disk again. */
  constructor(mostBytes = enoughBytes) {
    this.#mostBytes = mostBytes;
  }

  /** Committed, in order. */
  add(entries: readonly QueuedEntry[]): void {
    for (const entry of entries) {
      this.#entries.push(entry);
      this.#bytes += entry.line.length;
    }
    let dropped = 0;
    for (; this.#bytes > this.#mostBytes; dropped++) this.#bytes -= this.#entries[dropped]?.line.length ?? 0;
    if (dropped > 0) this.#entries.splice(0, dropped);
  }

  /** Those after `acked` up to the newest; null where the first of them is on disk alone. */
  after(acked: number): readonly QueuedEntry[] | null {
    const first = this.#entries[0];
    return first === undefined || first.seq > acked + 1 ? null : this.#entries;
  }

  acknowledge(seq: number): void {
    let gone = 0;
    for (const entry of this.#entries) {
      if (entry.seq > seq) break;
      this.#bytes -= entry.line.length;
      gone++;
    }
    this.#entries.splice(0, gone);
  }
}
