import { systemClock } from '../kernel/clock.ts';
import { systemRandom } from '../kernel/ids.ts';
import type { KeyStore } from '../records/ports.ts';
import { createEvidenceMac, type EvidenceMac } from '../storage/evidence-mac.ts';
import { createRecordingKeys, type RecordingKeys } from '../storage/recording-keys.ts';
import { openKeyStore } from './key-custody.ts';
import { loadKek } from './load-kek.ts';
import { borrowDatabase, type OpenDatabase } from './open-database.ts';
import { createLogger } from './pino-logger.ts';
import { exitCode } from './role-messages.ts';
import type { CommandContext } from './run-command.ts';
import type { Settings } from './settings.ts';

/** What a command needs to open recordings: the database, the key store and the KEK. */
export interface Custody {
  readonly database: OpenDatabase;
  readonly keys: KeyStore;
  readonly recordingKeys: RecordingKeys;
  readonly mac: EvidenceMac;
}

/** Runs a command with custody and gives it back afterwards; says what is missing and fails where it cannot. */
export async function withCustody(
  settings: Settings,
  context: CommandContext,
  run: (custody: Custody) => Promise<number>,
): Promise<number> {
  const logger = createLogger('warn', 'command');
  const kek = await loadKek(settings, context.env, logger);
  if (!kek.ok) {
    context.complain(kek.error);
    return exitCode.configuration;
  }
  const database = await borrowDatabase(settings, logger);
  if (!database.ok) {
    context.complain(database.error);
    return exitCode.failure;
  }
  try {
    const keys = await openKeyStore(settings, database.value);
    const recordingKeys = createRecordingKeys({ kek: kek.value, random: systemRandom, clock: systemClock() });
    const mac = createEvidenceMac(kek.value);
    return await run({ database: database.value, keys, recordingKeys, mac });
  } finally {
    await database.value.close();
  }
}
