import { type Kysely, sql } from 'kysely';
import type { KeyStore } from '../records/ports.ts';
import { keyOf, keyRow } from './record-rows.ts';
import type { Database } from './schema.ts';
import { storable, storableText } from './storable-text.ts';

/**
 * Wrapped keys in a table. A destroyed one leaves a row without the identity, so that a copy which comes
 * late is not stored again. PostgreSQL keeps what an update replaced until the page is reused, and in its
 * write-ahead log and backups: see this folder's README.
 */
export function createKeyStore(db: Kysely<Database>): KeyStore {
  return {
    put: async (key) => {
      await db
        .insertInto('keys')
        .values(keyRow(storable(key)))
        .onConflict((conflict) => conflict.column('recording_id').doNothing())
        .execute();
    },
    get: async (recordingId) => {
      const row = await db
        .selectFrom('keys')
        .selectAll()
        .where('recording_id', '=', storableText(recordingId))
        .executeTakeFirst();
      return row === undefined ? null : keyOf(row);
    },
    destroy: (recordingId) => destroy(db, storableText(recordingId)),
  };
}

async function destroy(db: Kysely<Database>, recordingId: string): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await sql`
      INSERT INTO keys (recording_id, created_at, destroyed_at) VALUES (${recordingId}, now(), now())
      ON CONFLICT (recording_id) DO UPDATE
        SET kek_id = NULL, wrapped = NULL, recipient = NULL, destroyed_at = now()
        WHERE keys.destroyed_at IS NULL
    `.execute(trx);
    await trx
      .deleteFrom('rejected_events')
      .where('kind', '=', 'key')
      .where('entity_id', '=', recordingId)
      .execute();
  });
}
