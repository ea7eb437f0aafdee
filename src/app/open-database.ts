import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from '../kernel/logger.ts';
import { err, ok, type Result } from '../kernel/result.ts';
import {
  connectDatabase,
  type DatabaseConnection,
  type DatabaseAddress,
} from '../persistence/connect-database.ts';
import { type EmbeddedDatabase, startEmbeddedDatabase } from '../persistence/embedded-database.ts';
import { embeddedSocketPath } from '../persistence/embedded-socket.ts';
import { migrate } from '../persistence/migrate.ts';
import { controlLockFile } from './node-lock.ts';
import { lockProcess, type ProcessLock } from './process-lock.ts';
import type { Settings } from './settings.ts';

/** The database of a node, migrated, whichever it is. */
export interface OpenDatabase {
  readonly connection: DatabaseConnection;
  readonly embedded: boolean;
  /** Resolves with the reason when the embedded database has died: the process is to end. */
  readonly died: Promise<string>;
  close(): Promise<void>;
}

function databaseDirectory(settings: Settings): string {
  return join(settings.dataDirectory, 'database');
}

const never = new Promise<string>(() => undefined);

/** For the control process, which holds the lock on the data directory. The error is one sentence. */
export async function openDatabase(
  settings: Settings,
  logger: Logger,
): Promise<Result<OpenDatabase, string>> {
  const { url } = settings.config.database;
  if (url !== undefined) return connect({ url }, logger, null);
  const embedded = await startEmbeddedDatabase({
    directory: databaseDirectory(settings),
    workerUrl: new URL('./workers/database.worker.js', import.meta.url),
  });
  if (!embedded.ok) return err(embedded.error.message);
  return connect({ embedded: embedded.value.connection }, logger, embedded.value);
}

/**
 * For a command beside a node that may run: the embedded database is reached through the running control
 * process, else started here under its lock.
 */
export async function borrowDatabase(
  settings: Settings,
  logger: Logger,
): Promise<Result<OpenDatabase, string>> {
  if (settings.config.database.url !== undefined) return openDatabase(settings, logger);
  mkdirSync(settings.dataDirectory, { recursive: true, mode: 0o700 });
  const lock = lockProcess(controlLockFile(settings.dataDirectory));
  if (lock.ok) return openUnderLock(settings, logger, lock.value);
  const socketPath = embeddedSocketPath(databaseDirectory(settings));
  if (!existsSync(socketPath)) {
    return err(
      `process ${lock.error} uses the database in ${settings.dataDirectory}; stop it, or use the API`,
    );
  }
  return connect({ embedded: { socketPath } }, logger, null);
}

async function openUnderLock(
  settings: Settings,
  logger: Logger,
  lock: ProcessLock,
): Promise<Result<OpenDatabase, string>> {
  const opened = await openDatabase(settings, logger);
  if (!opened.ok) {
    lock.release();
    return opened;
  }
  const close = async (): Promise<void> => {
    await opened.value.close();
    lock.release();
  };
  return ok({ ...opened.value, close });
}

async function connect(
  address: DatabaseAddress,
  logger: Logger,
  embedded: EmbeddedDatabase | null,
): Promise<Result<OpenDatabase, string>> {
  const connection = connectDatabase(address, { logger });
  const close = async (): Promise<void> => {
    await connection.close();
    await embedded?.close();
  };
  const migrated = await migrate(connection.db);
  if (!migrated.ok) {
    await close();
    return err(migrated.error.message);
  }
  return ok({ connection, embedded: 'embedded' in address, died: embedded?.died ?? never, close });
}
