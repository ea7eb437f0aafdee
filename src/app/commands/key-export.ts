import { withCustody } from '../borrow-custody.ts';
import { exitCode } from '../role-messages.ts';
import type { CommandContext } from '../run-command.ts';
import type { Settings } from '../settings.ts';

/** Prints the age identity that opens one recording, for the public `age` tool. */
export function runKeyExport(
  settings: Settings,
  recordingId: string,
  context: CommandContext,
): Promise<number> {
  return withCustody(settings, context, async ({ keys, recordingKeys }) => {
    const record = await keys.get(recordingId);
    const identity = record === null ? null : recordingKeys.identity(record);
    if (identity === null) {
      const why = record === null ? 'there is no key of' : 'another key-encryption key wrapped that of';
      context.complain(`${why} recording ${recordingId}`);
      return exitCode.failure;
    }
    context.print(identity);
    return exitCode.done;
  });
}
