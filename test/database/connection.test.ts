import { readdirSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectDatabase } from '../../src/persistence/connect-database.ts';
import { migrate } from '../../src/persistence/migrate.ts';
import { createRecordStore } from '../../src/persistence/record-store.ts';
import { type PostgresServer, startPostgres } from '../support/postgres.ts';
import { aCall } from './records.ts';

describe('a PostgreSQL server', () => {
  let server: PostgresServer;

  beforeAll(async () => {
    server = await startPostgres();
  });

  afterAll(async () => {
    await server.stop();
  });

  it('is brought up to date once by several nodes that start together', async () => {
    const url = await server.createDatabase();
    const nodes = Array.from({ length: 6 }, () => connectDatabase({ url }, { poolSize: 2 }));
    const results = await Promise.all(nodes.map(({ db }) => migrate(db)));
    const applied = results.map((result) => (result.ok ? result.value.length : result.error.message));
    const all = readdirSync('src/persistence/migrations').length;
    expect(applied.sort()).toEqual([0, 0, 0, 0, 0, all]);
    await Promise.all(nodes.map((node) => node.close()));
  });

  it('whose schema is of a later version is left alone', async () => {
    const connection = connectDatabase({ url: await server.createDatabase() });
    const { db } = connection;
    await migrate(db);
    await sql`INSERT INTO kysely_migration (name, timestamp) VALUES ('9999-later', '')`.execute(db);
    const result = await migrate(db);
    expect(result.ok ? '' : result.error.message).toContain('made by another version');
    await connection.close();
  });

  it('that goes away and comes back is found again without a restart', async () => {
    const connection = connectDatabase({ url: await server.createDatabase() });
    await migrate(connection.db);
    const records = createRecordStore(connection.db);
    const call = aCall();
    await records.store([{ kind: 'call', call }]);
    expect(await connection.healthy()).toBe(true);
    await server.halt();
    expect(await connection.healthy()).toBe(false);
    await expect(records.store([{ kind: 'call', call: aCall() }])).rejects.toThrow();
    expect(await migrate(connection.db)).toMatchObject({ ok: false, error: { code: 'migration' } });
    await server.resume();
    expect(await connection.healthy()).toBe(true);
    expect((await records.call(call.id))?.call.id).toBe(call.id);
    await connection.close();
  });

  it('serves several writers of the same records at once', async () => {
    const connection = connectDatabase({ url: await server.createDatabase() });
    await migrate(connection.db);
    const records = createRecordStore(connection.db);
    const ids = Array.from({ length: 20 }, () => randomUUID());
    const writes = Array.from({ length: 20 }, (_, version) =>
      records.store(
        ids
          .map((id) => ({ kind: 'call' as const, call: aCall({ id, version }) }))
          .sort(() => (version % 2 === 0 ? 1 : -1)),
      ),
    );
    await Promise.all(writes);
    for (const id of ids) expect((await records.call(id))?.call.version).toBe(19);
    await connection.close();
  });
});

describe('a server that is not there', () => {
  it('is unhealthy, and says so in time', async () => {
    const connection = connectDatabase({ url: 'postgres://nobody:x@127.0.0.1:1/nothing' });
    expect(await connection.healthy()).toBe(false);
    await connection.close();
  });
});
