import { basename, dirname } from 'node:path';
import { Kysely, PostgresDialect } from 'kysely';
import { Pool, type PoolConfig, TypeOverrides } from 'pg';
import { type Logger, silentLogger } from '../kernel/logger.ts';
import type { Database } from './schema.ts';

export type DatabaseAddress =
  /** `postgres://user:password@host:port/database`. */
  | { readonly url: string }
  /** The socket of the embedded database, as `startEmbeddedDatabase` gives it. */
  | { readonly embedded: { readonly socketPath: string } };

export interface PoolOptions {
  readonly logger?: Logger;
  /** Connections at most, for `url` (default 10). The embedded database has one session and gets one. */
  readonly poolSize?: number;
}

/** A pool that mends itself: a connection that broke is replaced with the next query. */
export interface DatabaseConnection {
  readonly db: Kysely<Database>;
  /** Whether a query is answered within two seconds. Never rejects. */
  healthy(): Promise<boolean>;
  /** Waits for running queries. */
  close(): Promise<void>;
}

const connectTimeoutMs = 5000;
const statementTimeoutMs = 30_000;
const healthTimeoutMs = 2000;

/** Makes the pool; nothing is dialled before the first query. */
export function connectDatabase(address: DatabaseAddress, options: PoolOptions = {}): DatabaseConnection {
  const logger = options.logger ?? silentLogger;
  const pool = new Pool({ ...poolConfig(address, options), types: columnTypes() });
  // An idle connection that breaks is an event of the pool; without a listener it would end the process.
  pool.on('error', (error) => {
    logger.warn('database-connection-lost', { code: sqlState(error) });
  });
  const db = new Kysely<Database>({ dialect: new PostgresDialect({ pool }) });
  return {
    db,
    healthy: () => answersInTime(() => pool.query('SELECT 1')),
    close: () => db.destroy(),
  };
}

function poolConfig(address: DatabaseAddress, options: PoolOptions): PoolConfig {
  const shared = {
    connectionTimeoutMillis: connectTimeoutMs,
    application_name: 'onrecord',
    // A server that vanished without a word must not hold a caller for ever.
    query_timeout: statementTimeoutMs + connectTimeoutMs,
  };
  if ('url' in address) {
    return {
      ...shared,
      connectionString: address.url,
      max: options.poolSize ?? 10,
      keepAlive: true,
      statement_timeout: statementTimeoutMs,
      // Nor must it keep its connections in the pool.
      maxLifetimeSeconds: 300,
    };
  }
  const { socketPath } = address.embedded;
  return {
    ...shared,
    // A directory as host is how libpq and pg name a Unix socket: `<host>/.s.PGSQL.<port>`.
    host: dirname(socketPath),
    port: Number(basename(socketPath).slice(socketPrefix.length)),
    user: 'postgres',
    database: 'postgres',
    // The embedded database has one session: unnamed statements of two connections would mix in it.
    max: 1,
    // It takes the better part of a second to close and open the only connection again.
    idleTimeoutMillis: 0,
  };
}

/** Beginning of the name of a PostgreSQL socket; the port follows. */
export const socketPrefix = '.s.PGSQL.';

const int8 = 20;

/** 64-bit integers as numbers: counts, sizes and versions stay far below 2^53. */
function columnTypes(): TypeOverrides {
  const types = new TypeOverrides();
  types.setTypeParser(int8, 'text', Number);
  return types;
}

async function answersInTime(ask: () => Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, healthTimeoutMs, false);
  });
  const answered = ask().then(
    () => true,
    () => false,
  );
  const result = await Promise.race([answered, late]);
  clearTimeout(timer);
  return result;
}

/** The five characters of an SQL error (`23505`), or the system's code (`ECONNREFUSED`); null for neither. */
export function sqlState(error: unknown): string | null {
  if (!(error instanceof Error) || !('code' in error)) return null;
  return typeof error.code === 'string' ? error.code : null;
}
