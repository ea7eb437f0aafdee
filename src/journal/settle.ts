import type { Result } from '../kernel/result.ts';
import { err, ok } from '../kernel/result.ts';
import { diskFault, type JournalFault } from './journal-fault.ts';
import { scanLines } from './journal-line.ts';
import type { OwedEntries } from './owed-entries.ts';
import type { Segment, SegmentLog, SegmentStart } from './segment-log.ts';

/** A settled run may grow to so many files before it is merged. */
const mergeAbove = 4;

/**
 * Gives up what nobody is owed: settled segments leave the disk, and those that hold a settled key are
 * written anew without it. Works from the oldest to the newest and stops at the first error: a snapshot
 * that made an older one dead never leaves before it, else the older one would rise again after a kill.
 */
export async function settle(
  log: SegmentLog,
  owed: OwedEntries,
  start: () => SegmentStart,
  directory: string,
): Promise<Result<void, JournalFault>> {
  // A full disk takes no new segment, and yet gives up old ones.
  let failed: Result<void, JournalFault> = ok(undefined);
  if (currentIsDone(log, owed)) {
    const rolled = await log.exclusive(async () =>
      currentIsDone(log, owed) ? log.roll(start()) : ok(undefined),
    );
    if (!rolled.ok) failed = rolled;
  }
  try {
    const sealed = [...log.sealed];
    const boundary = sealed.findIndex((segment) => segment.lastSeq > owed.acked);
    const done = boundary === -1 ? sealed : sealed.slice(0, boundary);
    const rest = boundary === -1 ? [] : sealed.slice(boundary);
    if (shouldMerge(done, owed) || rest[0]?.dirty === true) await compact(log, owed, done, start());
    for (const segment of rest) {
      if (segment.dirty) await compact(log, owed, [segment], start());
    }
    return failed;
  } catch (cause) {
    return err(diskFault('give up what is settled', directory, cause));
  }
}

function currentIsDone(log: SegmentLog, owed: OwedEntries): boolean {
  const current = log.current;
  if (current === null) return false;
  return current.dirty || (current.lastSeq > 0 && current.lastSeq <= owed.acked);
}

function shouldMerge(run: readonly Segment[], owed: OwedEntries): boolean {
  const last = run[run.length - 1];
  if (last === undefined) return false;
  return run.length > mergeAbove || run.some((segment) => segment.dirty) || !owed.holdsUpTo(last.lastSeq);
}

/** Replaces a run of neighbours by one segment with only the lines that are still owed. */
async function compact(
  log: SegmentLog,
  owed: OwedEntries,
  run: readonly Segment[],
  start: SegmentStart,
): Promise<void> {
  // What turns dirty while this runs asks for another pass.
  for (const segment of run) segment.dirty = false;
  try {
    const lines: Buffer[] = [];
    // A replacement whose removals failed left the same lines twice.
    let last = 0;
    for (const segment of run) {
      scanLines(await log.read(segment), (line, bytes) => {
        if (line.type !== 'event' || line.seq <= last) return undefined;
        last = line.seq;
        if (owed.owes(line.seq)) lines.push(bytes);
        return undefined;
      });
    }
    await log.replace(run, lines, start);
  } catch (cause) {
    for (const segment of run) segment.dirty = true;
    throw cause;
  }
}
