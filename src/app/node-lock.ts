import { join } from 'node:path';

/** Lock of the supervisor; `drain` finds it there. */
export function nodeLockFile(dataDirectory: string): string {
  return join(dataDirectory, 'node.lock');
}

/** One proxy a data directory: the journal and the spools have one writer. */
export function proxyLockFile(dataDirectory: string): string {
  return join(dataDirectory, 'proxy.lock');
}

/** One control process a data directory: the embedded database has one owner. */
export function controlLockFile(dataDirectory: string): string {
  return join(dataDirectory, 'control.lock');
}
