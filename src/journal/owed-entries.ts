import type { RecordEvent } from '../records/record-event.ts';
import { isOwed, type RecordingRecord } from '../records/recording-record.ts';

/** The latest snapshot of something open, by the sequence number of its line. */
interface Held {
  readonly seq: number;
  readonly version: number;
}

interface Settling {
  readonly recordingId: string;
  /** The key is settled once everything up to here is acknowledged. */
  readonly ackAt: number;
}

/**
 * Which lines of the journal are still owed: those not acknowledged, and those that recovery would need
 * (the latest snapshot of everything open, and the keys of unsettled recordings). Holds sequence numbers,
 * not events, so its size is that of the open calls and the unsettled keys. Pure; the snapshots of one
 * entity come in the order of their versions.
 */
export class OwedEntries {
  readonly #calls = new Map<string, Held>();
  readonly #recordings = new Map<string, Held>();
  readonly #keys = new Map<string, number[]>();
  readonly #settling: Settling[] = [];
  readonly #settlingIds = new Set<string>();
  readonly #held = new Set<number>();
  readonly #forgotten = new Set<number>();
  #acked = 0;

  get acked(): number {
    return this.#acked;
  }

  get openCalls(): number {
    return this.#calls.size;
  }

  get unsettledKeys(): number {
    return this.#keys.size;
  }

  /** Takes in an entry that is on disk. */
  note(seq: number, event: RecordEvent): void {
    switch (event.kind) {
      case 'call':
        this.#noteSnapshot(this.#calls, seq, event.call, event.call.endedAt === null);
        return;
      case 'recording':
        this.#noteRecording(seq, event.recording);
        return;
      case 'key':
        this.#noteKey(seq, event.key.recordingId);
        return;
      case 'consent':
      case 'receipt':
      case 'control':
      case 'destroyed':
      case 'ladder':
      case 'policy':
      case 'listing':
        return;
      default:
        // A kind of a newer version is shipped like the others and needs no recovery here.
        event satisfies never;
    }
  }

  #noteSnapshot(
    open: Map<string, Held>,
    seq: number,
    snapshot: { readonly id: string; readonly version: number },
    isUnfinished: boolean,
  ): void {
    const known = open.get(snapshot.id);
    if (known !== undefined) {
      if (snapshot.version <= known.version) return;
      this.#held.delete(known.seq);
      open.delete(snapshot.id);
    }
    if (!isUnfinished) return;
    open.set(snapshot.id, { seq, version: snapshot.version });
    this.#held.add(seq);
  }

  #noteRecording(seq: number, recording: RecordingRecord): void {
    const unfinished = isOwed(recording);
    this.#noteSnapshot(this.#recordings, seq, recording, unfinished);
    if (!unfinished && this.#keys.has(recording.id)) this.#settleAt(recording.id, seq);
  }

  #noteKey(seq: number, recordingId: string): void {
    const seqs = this.#keys.get(recordingId);
    if (seqs === undefined) this.#keys.set(recordingId, [seq]);
    else seqs.push(seq);
    this.#held.add(seq);
    if (this.#settlingIds.has(recordingId)) this.#settleAt(recordingId, seq);
  }

  #settleAt(recordingId: string, seq: number): void {
    this.#settling.push({ recordingId, ackAt: seq });
    this.#settlingIds.add(recordingId);
  }

  /** Moves the acknowledged mark, which never goes back. */
  acknowledge(seq: number): void {
    if (seq <= this.#acked) return;
    this.#acked = seq;
    for (const forgotten of this.#forgotten) {
      if (forgotten <= seq) this.#forgotten.delete(forgotten);
    }
  }

  /** The sequence numbers of key lines that must leave the disk now; each is named once. */
  takeSettledKeys(): readonly number[] {
    const settled: number[] = [];
    let done = 0;
    for (const { recordingId, ackAt } of this.#settling) {
      if (ackAt > this.#acked) break;
      done++;
      settled.push(...this.#release(recordingId, this.#acked));
    }
    this.#settling.splice(0, done);
    return settled;
  }

  /** Lets go of a recording's key lines up to `seq`. */
  #release(recordingId: string, seq: number): number[] {
    const seqs = this.#keys.get(recordingId) ?? [];
    const released = seqs.filter((each) => each <= seq);
    const rest = seqs.filter((each) => each > seq);
    for (const each of released) this.#held.delete(each);
    if (rest.length > 0) this.#keys.set(recordingId, rest);
    else {
      this.#keys.delete(recordingId);
      this.#settlingIds.delete(recordingId);
    }
    return released;
  }

  /** A key is neither owed nor shipped from here on; gives the sequence numbers of its lines. */
  forgetKey(recordingId: string): readonly number[] {
    const released = this.#release(recordingId, Number.MAX_SAFE_INTEGER);
    for (const seq of released) if (seq > this.#acked) this.#forgotten.add(seq);
    return released;
  }

  /** Whether the line must stay on disk. */
  owes(seq: number): boolean {
    return this.isPending(seq) || this.#held.has(seq);
  }

  /** Whether the line still has to be shipped. */
  isPending(seq: number): boolean {
    return seq > this.#acked && !this.#forgotten.has(seq);
  }

  /** Whether recovery needs any line up to `seq`. */
  holdsUpTo(seq: number): boolean {
    for (const held of this.#held) if (held <= seq) return true;
    return false;
  }
}
