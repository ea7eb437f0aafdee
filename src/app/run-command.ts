import { mkdirSync } from 'node:fs';
import type { Environment } from '../config/load.ts';
import type { RunnableCommand } from './command-line.ts';
import { runCheck, runtimeFaults } from './commands/check.ts';
import { runDrain } from './commands/drain.ts';
import { runKeyExport } from './commands/key-export.ts';
import { runPolicyExplain } from './commands/policy-explain.ts';
import { runTokenCommand } from './commands/token.ts';
import { runVerify } from './commands/verify.ts';
import { runControl } from './control-role.ts';
import { nodeLockFile } from './node-lock.ts';
import { createLogger } from './pino-logger.ts';
import { lockProcess } from './process-lock.ts';
import { runProxy } from './proxy-role.ts';
import { onHangUp } from './role-life.ts';
import { exitCode } from './role-messages.ts';
import { loadSettings, type Settings } from './settings.ts';
import { Supervisor } from './supervisor.ts';

/** What the world outside gives a command. */
export interface CommandContext {
  readonly env: Environment;
  /** The program's file, to start the roles from. */
  readonly entry: string;
  /** A supervisor started this process and listens on its channel. */
  readonly supervised: boolean;
  /** One line to the user's stdout; stderr. */
  readonly print: (line: string) => void;
  readonly complain: (line: string) => void;
}

/** Carries a command out; resolves with the exit code. */
export async function runCommand(command: RunnableCommand, context: CommandContext): Promise<number> {
  const settings = loadSettings(command.config, context.env);
  if (!settings.ok) {
    for (const fault of settings.error) context.complain(fault);
    return command.name === 'check' ? exitCode.failure : exitCode.configuration;
  }
  switch (command.name) {
    case 'start':
      return runStart(settings.value, command.config, context);
    case 'proxy':
      return runProxy(settings.value, context);
    case 'control':
      return runControl(settings.value, context);
    case 'check':
      return runCheck(settings.value, context);
    case 'drain':
      return runDrain(settings.value, context);
    case 'key-export':
      return runKeyExport(settings.value, command.recordingId, context);
    case 'verify':
      return runVerify(settings.value, command.recordingId, context);
    case 'policy-explain':
      return runPolicyExplain(settings.value, command, context);
    case 'token-create':
    case 'token-list':
    case 'token-revoke':
      return runTokenCommand(settings.value, command, context);
  }
}

/** Both roles under the supervisor. */
async function runStart(settings: Settings, config: string | null, context: CommandContext): Promise<number> {
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
