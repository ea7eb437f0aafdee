import type { Kysely } from 'kysely';
import { createKeyStore } from './key-store.ts';
import type { KeyStore, RecordStore } from '../records/ports.ts';
import type { RecordEvent } from '../records/record-event.ts';
import { consentDetails } from './consent-details.ts';
import { findCall, findOverdue, findRecording, listCalls, listRecordings } from './record-queries.ts';
import { ladderOf } from './record-rows.ts';
import type { Database } from './schema.ts';
import { type RejectedEvent, storeEvents } from './store-events.ts';
import { storableText } from './storable-text.ts';

export interface RecordStoreOptions {
  /** Where keys go. Absent: into the table, in the batch's transaction. */
  readonly keys?: KeyStore;
  /** Told of each event that was set aside in `rejected_events` because the database refused its content. */
  readonly onRejected?: (event: RejectedEvent) => void;
}

export function createRecordStore(db: Kysely<Database>, options: RecordStoreOptions = {}): RecordStore {
  return {
    store: (events) => store(db, options, events),
    call: (id) => findCall(db, id),
    calls: (filter, page) => listCalls(db, filter, page),
    recording: (id) => findRecording(db, id),
    recordings: (filter, page) => listRecordings(db, filter, page),
    ladder: async (callId) => {
      const row = await db
        .selectFrom('call_ladders')
        .selectAll()
        .where('call_id', '=', storableText(callId))
        .executeTakeFirst();
      return row === undefined ? null : ladderOf(row);
    },
    consentOf: async (recordingId) => {
      const rows = await db
        .selectFrom('consent_events')
        .selectAll()
        .where('recording_id', '=', storableText(recordingId))
        .orderBy('position')
        .execute();
      return consentDetails(db, rows);
    },
    markDeleted: async (recordingId, at) => {
      await db
        .updateTable('recordings')
        .set({ state: 'deleted', deleted_at: at })
        .where('id', '=', storableText(recordingId))
        .where('state', '<>', 'deleted')
        .execute();
    },
    overdue: (before) => findOverdue(db, before),
  };
}

async function store(
  db: Kysely<Database>,
  { keys, onRejected }: RecordStoreOptions,
  events: readonly RecordEvent[],
): Promise<void> {
  let rest = events.filter(({ kind }) => kind !== 'destroyed');
  if (keys !== undefined) {
    for (const event of events) if (event.kind === 'key') await keys.put(event.key);
    rest = rest.filter(({ kind }) => kind !== 'key');
  }
  for (const rejected of await storeEvents(db, rest)) onRejected?.(rejected);
  const store = keys ?? createKeyStore(db);
  for (const event of events)
    if (event.kind === 'destroyed') await store.destroy(event.destroyed.recordingId);
}
