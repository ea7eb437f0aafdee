import { setTimeout as sleep } from 'node:timers/promises';
import { err, type Result } from '../kernel/result.ts';
import { lockProcess, type ProcessLock } from './process-lock.ts';

/** A predecessor whose supervisor was killed seals its recordings before it lets go. */
const patienceMs = 8000;
const lookAgainMs = 100;

/** Waits a while for a predecessor that is on its way out. The error is one sentence. */
export async function lockRole(file: string, dataDirectory: string): Promise<Result<ProcessLock, string>> {
  const until = performance.now() + patienceMs;
  for (;;) {
    const lock = lockProcess(file);
    if (lock.ok) return lock;
    if (performance.now() > until) {
      return err(
        `process ${lock.error} uses ${dataDirectory}; stop it, or give this node another node.dataDir`,
      );
    }
    await sleep(lookAgainMs);
  }
}
