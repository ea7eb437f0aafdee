import type { Kysely } from 'kysely';
import type { PolicyStore } from '../records/ports.ts';
import { decodeCursor, encodeCursor } from './cursor.ts';
import { isAfter, pageSize } from './paging.ts';
import type { Database } from './schema.ts';
import { storableText } from './storable-text.ts';

export function createPolicyStore(db: Kysely<Database>): PolicyStore {
  return {
    versions: async (page) => {
      const after = page.cursor === null ? null : decodeCursor('policies', page.cursor);
      if (page.cursor !== null && after === null) return 'bad-cursor';
      const limit = pageSize(page);
      const rows = await db
        .selectFrom('policy_versions')
        .select(['id', 'node_id', 'version', 'at', 'actor', 'changes'])
        .$if(after !== null, (query) => query.where(isAfter('at', 'id', after)))
        .orderBy('at', 'desc')
        .orderBy('id', 'desc')
        .limit(limit + 1)
        .execute();
      const shown = rows.slice(0, limit).map(({ id, node_id, version, at, actor, changes }) => ({
        ...{ id, version, actor, nodeId: node_id, at: at.toISOString() },
        changes: changes as readonly string[],
      }));
      const last = rows.length > limit ? shown.at(-1) : undefined;
      return { items: shown, nextCursor: last === undefined ? null : encodeCursor('policies', last) };
    },
    document: async (version) => {
      const row = await db
        .selectFrom('policy_versions')
        .select('document')
        .where('version', '=', storableText(version))
        .limit(1)
        .executeTakeFirst();
      return row?.document ?? null;
    },
  };
}
