import { createHash } from 'node:crypto';
import { lstat, mkdir } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { socketPrefix } from './connect-database.ts';

/** What `sun_path` takes everywhere: 104 bytes with the closing zero on macOS, 108 on Linux. */
const longestSocketPath = 100;

/**
 * Where the embedded database of `directory` listens, for the process that runs it and for those that ask
 * it: beside the directory, or, where that is too long a name, in a folder of this user's under the
 * system's temporary one.
 */
export function embeddedSocketPath(directory: string): string {
  const name = `${socketPrefix}5432`;
  const beside = resolve(directory, '..', 'database-socket', name);
  if (Buffer.byteLength(beside) <= longestSocketPath) return beside;
  const digest = createHash('sha256').update(resolve(directory)).digest('hex').slice(0, 16);
  return join(tmpdir(), `onrecord-${userInfo().uid}-${digest}`, name);
}

/**
 * The embedded database asks nobody for a password: who reaches its socket is in. So the socket's folder
 * must be this user's and closed to others, also where somebody else could have made it first.
 */
export async function preparePrivateDirectory(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  // Windows has no owners and modes of this kind; its temporary folder is the user's own.
  if (process.platform === 'win32') return;
  const found = await lstat(path);
  if (!found.isDirectory() || found.uid !== userInfo().uid || (found.mode & 0o077) !== 0) {
    throw new Error(`${path} is open to other users; remove it or make it private with chmod 700`);
  }
}
