import { join } from 'node:path';
import { createKeyStore } from '../persistence/key-store.ts';
import type { KeyStore } from '../records/ports.ts';
import { keyFileStore } from '../storage/key-file-store.ts';
import type { OpenDatabase } from './open-database.ts';
import type { Settings } from './settings.ts';

/** The one key store: a table in PostgreSQL, or, since the embedded one does not fsync, files beside it. */
export function openKeyStore(settings: Settings, database: OpenDatabase): Promise<KeyStore> {
  if (database.embedded) return keyFileStore(join(settings.dataDirectory, 'keys'));
  return Promise.resolve(createKeyStore(database.connection.db));
}
