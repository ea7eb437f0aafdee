import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectDatabase } from '../../src/persistence/connect-database.ts';
import { type EmbeddedDatabase, startEmbeddedDatabase } from '../../src/persistence/embedded-database.ts';
import { embeddedSocketPath, preparePrivateDirectory } from '../../src/persistence/embedded-socket.ts';
import { type Transpiled, transpile } from '../support/transpile.ts';

/** Starts the database as a node does, writes without an end, says how far it is, and waits for its death. */
const childScript = `
  const [embedded, connect, migration, worker, directory] = process.argv.slice(2);
  const { startEmbeddedDatabase } = await import(embedded);
  const { connectDatabase } = await import(connect);
  const { migrate } = await import(migration);
  const started = await startEmbeddedDatabase({ directory, workerUrl: new URL(worker) });
  if (!started.ok) throw new Error(started.error.message);
  const { db } = connectDatabase({ embedded: started.value.connection });
  const migrated = await migrate(db);
  if (!migrated.ok) throw new Error(migrated.error.message);
  for (let n = 0; ; n++) {
    const token = { id: String(n), name: 'x'.repeat(2000), hash: String(n), created_at: new Date().toISOString() };
    await db.insertInto('tokens').values(token).execute();
    process.stdout.write(n + '\\n');
  }
`;

describe('the embedded database in its worker', () => {
  let built: Transpiled;
  let base: string;

  beforeAll(async () => {
    built = await transpile(['src/kernel', 'src/persistence', 'src/app/workers']);
    base = await mkdtemp(join(tmpdir(), 'onrecord-embedded-'));
  });

  afterAll(async () => {
    await rm(base, { recursive: true, force: true });
    await built.remove();
  });

  async function startIn(directory: string): Promise<EmbeddedDatabase> {
    const workerUrl = built.url('src/app/workers/database.worker.ts');
    const started = await startEmbeddedDatabase({ directory, workerUrl });
    if (!started.ok) throw new Error(started.error.message);
    return started.value;
  }

  it('has every row that was committed before kill -9, and goes on with them after a clean end', async () => {
    const directory = join(base, 'killed', 'database');
    const socketFolder = join(base, 'killed', 'database-socket');
    const script = join(fileURLToPath(built.url('')), 'child.mjs');
    await writeFile(script, childScript);
    const modules = ['embedded-database', 'connect-database', 'migrate'];
    const urls = modules.map((name) => built.url(`src/persistence/${name}.ts`).href);
    const worker = built.url('src/app/workers/database.worker.ts').href;
    const child = spawn(process.execPath, [script, ...urls, worker, directory], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    for await (const chunk of child.stdout) {
      said += String(chunk);
      if (said.split('\n').length > 300) break;
    }
    const exited = child.exitCode === null ? once(child, 'exit') : undefined;
    child.kill('SIGKILL');
    await exited;
    const committed = said.split('\n').length - 1;

    for (const life of ['after the kill', 'after a clean end']) {
      const embedded = await startIn(directory);
      const connection = connectDatabase({ embedded: embedded.connection });
      const { rows } = await sql<{
        n: number;
      }>`SELECT count(*) AS n FROM tokens WHERE length(name) = 2000`.execute(connection.db);
      expect(rows[0]?.n, life).toBeGreaterThanOrEqual(committed);
      // Only this user reaches it, and no socket is left behind.
      expect((await stat(directory)).mode & 0o777).toBe(0o700);
      expect((await stat(socketFolder)).mode & 0o777).toBe(0o700);
      expect(await readdir(socketFolder)).toHaveLength(1);
      await connection.close();
      await embedded.close();
      expect(await readdir(socketFolder)).toHaveLength(0);
    }
  }, 60_000);

  it('says in one sentence what hinders it', async () => {
    const directory = join(base, 'file', 'database');
    await writeFile(join(base, 'file'), '');
    const workerUrl = built.url('src/app/workers/database.worker.ts');
    const started = await startEmbeddedDatabase({ directory, workerUrl });
    expect(started).toMatchObject({ ok: false, error: { code: 'embedded-database' } });
    expect(started.ok ? '' : started.error.message).toContain(directory);
  });
});

describe('its socket', () => {
  it('stands beside the database, or under the temporary folder where the name would be too long', () => {
    expect(embeddedSocketPath('/srv/data/database')).toBe('/srv/data/database-socket/.s.PGSQL.5432');
    const long = `/srv/${'x'.repeat(120)}/database`;
    const short = embeddedSocketPath(long);
    expect(Buffer.byteLength(short)).toBeLessThanOrEqual(100);
    expect(short).toBe(embeddedSocketPath(long));
    expect(short).not.toBe(embeddedSocketPath(`${long}2`));
  });

  it('is refused a folder that others can enter', async () => {
    const open = await mkdtemp(join(tmpdir(), 'onrecord-open-'));
    await rm(open, { recursive: true });
    await preparePrivateDirectory(open);
    const { chmod } = await import('node:fs/promises');
    await chmod(open, 0o755);
    await expect(preparePrivateDirectory(open)).rejects.toThrow('open to other users');
    await rm(open, { recursive: true });
  });
});
