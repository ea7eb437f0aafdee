import type { Environment } from '../config/load.ts';
import type { RunnableCommand } from './command-line.ts';
import { exitCode } from './role-messages.ts';
import { loadSettings } from './settings.ts';

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

/** Carries a command out; resolves with the exit code. Only what it needs is loaded, since most of a start is loading. */
export async function runCommand(command: RunnableCommand, context: CommandContext): Promise<number> {
  const settings = loadSettings(command.config, context.env);
  if (!settings.ok) {
    for (const fault of settings.error) context.complain(fault);
    return command.name === 'check' ? exitCode.failure : exitCode.configuration;
  }
  switch (command.name) {
    case 'start':
      return (await import('./commands/start.ts')).runStart(settings.value, command.config, context);
    case 'proxy':
      return (await import('./proxy-role.ts')).runProxy(settings.value, context);
    case 'control':
      return (await import('./control-role.ts')).runControl(settings.value, context);
    case 'check':
      return (await import('./commands/check.ts')).runCheck(settings.value, context);
    case 'drain':
      return (await import('./commands/drain.ts')).runDrain(settings.value, context);
    case 'key-export':
      return (await import('./commands/key-export.ts')).runKeyExport(
        settings.value,
        command.recordingId,
        context,
      );
    case 'verify':
      return (await import('./commands/verify.ts')).runVerify(settings.value, command.recordingId, context);
    case 'policy-explain':
      return (await import('./commands/policy-explain.ts')).runPolicyExplain(
        settings.value,
        command,
        context,
      );
    case 'token-create':
    case 'token-list':
    case 'token-revoke':
      return (await import('./commands/token.ts')).runTokenCommand(settings.value, command, context);
  }
}
