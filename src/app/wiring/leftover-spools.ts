import type { Logger } from '../../kernel/logger.ts';
import { listSpools } from '../../recording/recover.ts';
import { systemSpoolDisk } from '../../recording/spool-disk.ts';
import type { DataLayout } from '../data-layout.ts';

/** The spools that are there before a node records anything. */
export async function spoolsBefore({ spools }: DataLayout): Promise<ReadonlySet<string>> {
  return new Set((await listSpools(spools, systemSpoolDisk)).map(({ recordingId }) => recordingId));
}

/** One that is still there after recovery cannot be opened, or no journal entry knows it: somebody must look. */
export async function sayWhatIsLeft(
  { spools }: DataLayout,
  before: ReadonlySet<string>,
  logger: Logger,
): Promise<void> {
  for (const { recordingId } of await listSpools(spools, systemSpoolDisk)) {
    if (before.has(recordingId)) logger.error('spool-left', { recordingId });
  }
}
