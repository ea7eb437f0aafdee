import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { join } from 'node:path';
import { packageDirectory } from './package-directory.ts';

const migrations = join(packageDirectory, 'dist/src/persistence/migrations');
const server = join(packageDirectory, 'node_modules/@electric-sql/pglite/package.json');
const cache = join(packageDirectory, 'node_modules/.cache/onrecord-test');

/**
 * Gives a node that has never run an embedded database that the product has made before, empty and migrated: making one
 * is five seconds of CPU, and the suites start a hundred nodes. Only under Vitest; the demo starts as a newcomer does.
 */
export function placeDatabase(directory: string, config: string): void {
  const data = join(directory, 'data');
  if (process.env['VITEST'] === undefined || existsSync(data)) return;
  if (!config.includes('"dataDir": "./data"') || config.includes('postgres://')) return;
  mkdirSync(data, { mode: 0o700 });
  cpSync(madeDatabase(), join(data, 'database'), { recursive: true });
}

function madeDatabase(): string {
  const hash = createHash('sha256').update(readFileSync(server));
  for (const name of readdirSync(migrations).sort()) hash.update(readFileSync(join(migrations, name)));
  const made = join(cache, `database-${hash.digest('hex').slice(0, 16)}`);
  if (!existsSync(made)) make(made);
  return made;
}

function make(made: string): void {
  mkdirSync(cache, { recursive: true });
  const place = mkdtempSync(join(cache, 'making-'));
  // Without a configuration: the default one, whose data lie in the working directory.
  const words = [join(packageDirectory, 'dist/src/main.js'), 'token', 'list'];
  const options = { cwd: place, encoding: 'utf8', timeout: 60_000 } as const;
  const { status, stderr } = spawnSync(process.execPath, words, options);
  if (status !== 0) throw new Error(`no database was made: ${stderr}`);
  try {
    renameSync(join(place, 'data/database'), made);
  } catch (error) {
    // Another worker's was there first.
    if (!existsSync(made)) throw error;
  }
  rmSync(place, { recursive: true, force: true });
}
