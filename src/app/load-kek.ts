import { join, resolve } from 'node:path';
import type { Environment } from '../config/load.ts';
import { systemRandom } from '../kernel/ids.ts';
import type { Logger } from '../kernel/logger.ts';
import { err, ok, type Result } from '../kernel/result.ts';
import { type Kek, loadKekFile, loadOrCreateKekFile, parseKek } from '../storage/kek.ts';
import type { Settings } from './settings.ts';

/** The key-encryption key that the configuration names, or one of the data directory's own. */
export async function loadKek(
  settings: Settings,
  env: Environment,
  logger: Logger,
): Promise<Result<Kek, string>> {
  const { kek } = settings.config.encryption;
  if (kek === undefined) return ownKek(settings, logger);
  if ('file' in kek) return loadKekFile(resolve(settings.baseDirectory, kek.file));
  const value = env[kek.env];
  if (value === undefined)
    return err(`encryption.kek.env names ${kek.env}, which the environment does not have`);
  return parseKek(Buffer.from(value), `the environment's ${kek.env}`);
}

async function ownKek(settings: Settings, logger: Logger): Promise<Result<Kek, string>> {
  const file = join(settings.dataDirectory, 'kek');
  const loaded = await loadOrCreateKekFile(file, systemRandom);
  if (!loaded.ok) return loaded;
  if (loaded.value.created)
    logger.warn('kek-made', { file, mend: 'back it up apart from the data directory' });
  return ok(loaded.value.kek);
}
