import type { Kysely, Selectable } from 'kysely';
import type { TokenRecord, TokenStore } from '../records/ports.ts';
import { timeOf } from './record-rows.ts';
import type { Database, TokensTable } from './schema.ts';
import { storableText } from './storable-text.ts';

export function createTokenStore(db: Kysely<Database>): TokenStore {
  return {
    add: async ({ id, name, hash, createdAt, revokedAt }) => {
      await db
        .insertInto('tokens')
        .values({ id, name: storableText(name), hash, created_at: createdAt, revoked_at: revokedAt })
        .execute();
    },
    byHash: async (hash) => {
      const row = await db
        .selectFrom('tokens')
        .selectAll()
        .where('hash', '=', storableText(hash))
        .executeTakeFirst();
      return row === undefined ? null : tokenOf(row);
    },
    list: async () => {
      const rows = await db.selectFrom('tokens').selectAll().orderBy('created_at').orderBy('id').execute();
      return rows.map(tokenOf);
    },
    revoke: async (id, at) => {
      const { numUpdatedRows } = await db
        .updateTable('tokens')
        .set({ revoked_at: at })
        .where('id', '=', storableText(id))
        .where('revoked_at', 'is', null)
        .executeTakeFirst();
      return numUpdatedRows > 0n;
    },
  };
}

function tokenOf(row: Selectable<TokensTable>): TokenRecord {
  return {
    id: row.id,
    name: row.name,
    hash: row.hash,
    createdAt: row.created_at.toISOString(),
    revokedAt: timeOf(row.revoked_at),
  };
}
