import type { Kysely, Selectable } from 'kysely';
import type { DoNotRecordEntry } from '../records/do-not-record.ts';
import type { DoNotRecordStore } from '../records/ports.ts';
import { decodeCursor, encodeCursor } from './cursor.ts';
import { isAfter, pageSize } from './paging.ts';
import type { Database, DoNotRecordTable } from './schema.ts';
import { storableText } from './storable-text.ts';

export function createDoNotRecordStore(db: Kysely<Database>): DoNotRecordStore {
  return {
    add: async ({ hash, keyId, note, addedAt, addedBy }) => {
      const text = note === null ? null : storableText(note);
      const { numInsertedOrUpdatedRows } = await db
        .insertInto('do_not_record')
        .values({ hash, key_id: keyId, note: text, added_at: addedAt, added_by: addedBy })
        .onConflict((conflict) => conflict.column('hash').doNothing())
        .executeTakeFirst();
      return (numInsertedOrUpdatedRows ?? 0n) > 0n;
    },
    remove: async (hash) => {
      const { numDeletedRows } = await db
        .deleteFrom('do_not_record')
        .where('hash', '=', storableText(hash))
        .executeTakeFirst();
      return numDeletedRows > 0n;
    },
    get: async (hash) => {
      const row = await db
        .selectFrom('do_not_record')
        .selectAll()
        .where('hash', '=', storableText(hash))
        .executeTakeFirst();
      return row === undefined ? null : entryOf(row);
    },
    list: async (page) => {
      const after = page.cursor === null ? null : decodeCursor('do-not-record', page.cursor);
      if (page.cursor !== null && after === null) return 'bad-cursor';
      const limit = pageSize(page);
      const rows = await db
        .selectFrom('do_not_record')
        .selectAll()
        .$if(after !== null, (query) => query.where(isAfter('added_at', 'hash', after)))
        .orderBy('added_at', 'desc')
        .orderBy('hash', 'desc')
        .limit(limit + 1)
        .execute();
      const shown = rows.slice(0, limit).map(entryOf);
      const last = rows.length > limit ? shown.at(-1) : undefined;
      const nextCursor =
        last === undefined ? null : encodeCursor('do-not-record', { at: last.addedAt, id: last.hash });
      return { items: shown, nextCursor };
    },
    count: async () => {
      const { count } = await db
        .selectFrom('do_not_record')
        .select(({ fn }) => fn.countAll().as('count'))
        .executeTakeFirstOrThrow();
      return Number(count);
    },
    hashes: async (keyId) => {
      const rows = await db.selectFrom('do_not_record').select(['hash', 'key_id']).orderBy('hash').execute();
      const hashes = rows.filter(({ key_id }) => key_id === keyId).map(({ hash }) => hash);
      return { hashes, foreign: rows.length - hashes.length };
    },
  };
}

function entryOf(row: Selectable<DoNotRecordTable>): DoNotRecordEntry {
  return {
    hash: row.hash,
    keyId: row.key_id,
    note: row.note,
    addedAt: row.added_at.toISOString(),
    addedBy: row.added_by,
  };
}
