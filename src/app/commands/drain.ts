import { setTimeout as sleep } from 'node:timers/promises';
import { nodeLockFile } from '../node-lock.ts';
import { lockHolder } from '../process-lock.ts';
import { exitCode } from '../role-messages.ts';
import type { CommandContext } from '../run-command.ts';
import type { Settings } from '../settings.ts';

const lookAgainMs = 200;

/** Tells the node of this data directory to take no new calls, and waits until it has left. */
export async function runDrain(settings: Settings, context: CommandContext): Promise<number> {
  const file = nodeLockFile(settings.dataDirectory);
  const pid = lockHolder(file);
  if (pid === null) {
    context.complain(`no node runs in ${settings.dataDirectory}`);
    return exitCode.failure;
  }
  process.kill(pid, 'SIGUSR2');
  context.print(`node ${pid} takes no new calls; it leaves when the last one ends`);
  while (lockHolder(file) === pid) await sleep(lookAgainMs);
  return exitCode.done;
}
