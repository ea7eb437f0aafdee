import { createTokens, type Tokens } from '../../access/tokens.ts';
import { systemClock } from '../../kernel/clock.ts';
import { systemRandom } from '../../kernel/ids.ts';
import { createTokenStore } from '../../persistence/token-store.ts';
import type { RunnableCommand } from '../command-line.ts';
import { borrowDatabase } from '../open-database.ts';
import { createLogger } from '../pino-logger.ts';
import { exitCode } from '../role-messages.ts';
import type { CommandContext } from '../run-command.ts';
import type { Settings } from '../settings.ts';

type TokenCommand = Extract<RunnableCommand, { readonly name: `token-${string}` }>;

/** API tokens from the command line; a running node honours them at once. */
export async function runTokenCommand(
  settings: Settings,
  command: TokenCommand,
  context: CommandContext,
): Promise<number> {
  const database = await borrowDatabase(settings, createLogger('warn', 'command'));
  if (!database.ok) {
    context.complain(database.error);
    return exitCode.failure;
  }
  const store = createTokenStore(database.value.connection.db);
  const tokens = createTokens({ store, clock: systemClock(), random: systemRandom });
  try {
    return await carryOut(tokens, command, context);
  } finally {
    await database.value.close();
  }
}

async function carryOut(tokens: Tokens, command: TokenCommand, context: CommandContext): Promise<number> {
  switch (command.name) {
    case 'token-create': {
      const { token } = await tokens.create(command.label);
      context.print(token);
      return exitCode.done;
    }
    case 'token-list':
      for (const { id, name, createdAt, revokedAt } of await tokens.list()) {
        context.print(
          `${id}  ${createdAt}  ${revokedAt === null ? 'valid' : `revoked ${revokedAt}`}  ${JSON.stringify(name)}`,
        );
      }
      return exitCode.done;
    case 'token-revoke':
      if (await tokens.revoke(command.id)) return exitCode.done;
      context.complain(`there is no valid token ${command.id}; see onrecord token list`);
      return exitCode.failure;
  }
}
