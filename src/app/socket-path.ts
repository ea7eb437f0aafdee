import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';

/** `sun_path` holds 108 bytes on Linux and 104 on macOS, the closing zero included. */
const longestPath = 100;

/**
 * Where a socket of this data directory is: in it, or, where its path is too long, in a folder of this
 * user's under the system's temporary one. Throws where somebody else made that folder first.
 */
export function socketPath(dataDirectory: string, name: string): string {
  const wanted = join(dataDirectory, name);
  if (Buffer.byteLength(wanted) <= longestPath) return wanted;
  const digest = createHash('sha256').update(dataDirectory).digest('hex').slice(0, 16);
  const { uid } = userInfo();
  const folder = join(tmpdir(), `onrecord-${uid}-${digest}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const found = lstatSync(folder);
  if (!found.isDirectory() || found.uid !== uid || (found.mode & 0o077) !== 0) {
    throw new Error(`${folder} is open to other users; remove it or make it private with chmod 700`);
  }
  return join(folder, name);
}
