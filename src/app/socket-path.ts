import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';

/** `sun_path` holds 108 bytes on Linux and 104 on macOS, the closing zero included. */
const longestPath = 100;

/** Where a socket of this data directory is: in it, or, where its path is too long, in a private folder of the system's. */
export function socketPath(dataDirectory: string, name: string): string {
  const wanted = join(dataDirectory, name);
  if (Buffer.byteLength(wanted) <= longestPath) return wanted;
  const digest = createHash('sha256').update(dataDirectory).digest('hex').slice(0, 16);
  const folder = join(tmpdir(), `onrecord-${userInfo().uid}-${digest}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return join(folder, name);
}
