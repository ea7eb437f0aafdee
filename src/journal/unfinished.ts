import type { CallRecord } from '../records/call-record.ts';
import type { NumberListing } from '../records/do-not-record.ts';
import type { KeyRecord } from '../records/key-record.ts';
import type { RecordEvent } from '../records/record-event.ts';
import { isOwed, type RecordingRecord } from '../records/recording-record.ts';

/** What the node had not finished when it was last seen, each in its latest snapshot. */
export interface Unfinished {
  readonly calls: readonly CallRecord[];
  readonly recordings: readonly RecordingRecord[];
  /** Of the recordings above, and keys whose recording was never heard of. */
  readonly keys: readonly KeyRecord[];
  /** Numbers that parties have had listed, and control does not know of. */
  readonly listings: readonly NumberListing[];
}

/** Gathers what is unfinished from events in the order of the journal; holds only what is still open. */
export class UnfinishedCollector {
  readonly #calls = new Map<string, CallRecord>();
  readonly #recordings = new Map<string, RecordingRecord>();
  readonly #keys = new Map<string, KeyRecord>();

  readonly #listings: { readonly seq: number; readonly listing: NumberListing }[] = [];

  add(seq: number, event: RecordEvent): void {
    if (event.kind === 'call') {
      latest(this.#calls, event.call, event.call.endedAt === null);
    } else if (event.kind === 'recording') {
      const unfinished = isOwed(event.recording);
      latest(this.#recordings, event.recording, unfinished);
      if (!unfinished) this.#keys.delete(event.recording.id);
    } else if (event.kind === 'key') {
      this.#keys.set(event.key.recordingId, event.key);
    } else if (event.kind === 'listing') {
      this.#listings.push({ seq, listing: event.listing });
    }
  }

  /** `acked`: what control has stored. */
  result(acked: number): Unfinished {
    return {
      calls: [...this.#calls.values()],
      recordings: [...this.#recordings.values()],
      keys: [...this.#keys.values()],
      listings: this.#listings.filter(({ seq }) => seq > acked).map(({ listing }) => listing),
    };
  }
}

function latest<T extends { readonly id: string; readonly version: number }>(
  open: Map<string, T>,
  snapshot: T,
  unfinished: boolean,
): void {
  const known = open.get(snapshot.id);
  if (known !== undefined && snapshot.version <= known.version) return;
  if (unfinished) open.set(snapshot.id, snapshot);
  else open.delete(snapshot.id);
}
