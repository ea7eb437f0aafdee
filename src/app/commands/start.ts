import { mkdirSync } from 'node:fs';
import { nodeLockFile } from '../node-lock.ts';
import { createLogger } from '../pino-logger.ts';
import { lockProcess } from '../process-lock.ts';
import { onHangUp } from '../role-life.ts';
import { exitCode } from '../role-messages.ts';
import type { CommandContext } from '../run-command.ts';
import type { Settings } from '../settings.ts';
import { Supervisor } from '../supervisor.ts';
import { runtimeFaults } from './check.ts';

/** Both roles under the supervisor. */
export async function runStart(
  settings: Settings,
  config: string | null,
  context: CommandContext,
): Promise<number> {
  const faults = runtimeFaults(settings);
  for (const fault of faults) context.complain(fault);
  if (faults.length > 0) return exitCode.configuration;
  const logger = createLogger(settings.config.log.level, 'supervisor');
  for (const warning of settings.warnings) logger.warn('configuration', { warning });
  mkdirSync(settings.dataDirectory, { recursive: true, mode: 0o700 });
  const lock = lockProcess(nodeLockFile(settings.dataDirectory));
  if (!lock.ok) {
    context.complain(
      `process ${lock.error} runs a node in ${settings.dataDirectory}; stop it, or give this one another node.dataDir`,
    );
    return exitCode.failure;
  }
  const supervisor = new Supervisor({
    entry: context.entry,
    roleArguments: config === null ? [] : ['--config', config],
    logger,
    print: context.print,
  });
  process.on('SIGTERM', () => {
    supervisor.stop();
  });
  process.on('SIGINT', () => {
    supervisor.stop();
  });
  onHangUp(() => {
    supervisor.reload();
  });
  process.on('SIGUSR2', () => {
    supervisor.drain();
  });
  const code = await supervisor.run();
  lock.value.release();
  return code;
}
