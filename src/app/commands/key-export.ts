import { systemClock } from '../../kernel/clock.ts';
import { systemRandom } from '../../kernel/ids.ts';
import { createRecordingKeys } from '../../storage/recording-keys.ts';
import { openKeyStore } from '../key-custody.ts';
import { loadKek } from '../load-kek.ts';
import { borrowDatabase } from '../open-database.ts';
import { createLogger } from '../pino-logger.ts';
import { exitCode } from '../role-messages.ts';
import type { CommandContext } from '../run-command.ts';
import type { Settings } from '../settings.ts';

/** Prints the age identity that opens one recording, for the public `age` tool. */
export async function runKeyExport(
  settings: Settings,
  recordingId: string,
  context: CommandContext,
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
    const keys = createRecordingKeys({ kek: kek.value, random: systemRandom, clock: systemClock() });
    const record = await (await openKeyStore(settings, database.value)).get(recordingId);
    const identity = record === null ? null : keys.identity(record);
    if (identity === null) {
      const why = record === null ? 'there is no key of' : 'another key-encryption key wrapped that of';
      context.complain(`${why} recording ${recordingId}`);
      return exitCode.failure;
    }
    context.print(identity);
    return exitCode.done;
  } finally {
    await database.value.close();
  }
}
