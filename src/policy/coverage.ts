import type { Direction } from '../records/call-record.ts';
import type { RuleConditions } from './condition-options.ts';
import { coversPattern, matchesPattern } from './pattern.ts';
import type { WeeklySchedule } from './schedule.ts';
import { alwaysOpen, coversWeek, disjointWeeks } from './week.ts';

/** A way that a call can take. */
export interface CallPath {
  readonly direction: Direction;
  readonly callerPeer: string;
  readonly calleePeer: string;
}

type Schedules = ReadonlyMap<string, WeeklySchedule>;

/** The paths that direction, peers and extension leave. */
export function pathsOf(when: RuleConditions, paths: readonly CallPath[]): readonly CallPath[] {
  return paths.filter(({ direction, callerPeer, calleePeer }) => {
    // A call between two extensions has none that is "the" one.
    if (when.extension !== undefined && direction === 'internal') return false;
    if (!(when.direction?.includes(direction) ?? true)) return false;
    const named = (patterns: readonly string[] | undefined, ...ids: readonly string[]): boolean =>
      patterns?.some((pattern) => ids.some((id) => matchesPattern(pattern, id))) ?? true;
    return (
      named(when.peer, callerPeer, calleePeer) &&
      named(when.callerPeer, callerPeer) &&
      named(when.calleePeer, calleePeer)
    );
  });
}

/** Whether the two schedules of a condition leave no moment. */
export function leavesNoTime(when: RuleConditions, schedules: Schedules): boolean {
  const outside = schedules.get(when.outsideSchedule ?? '');
  if (outside === undefined) return false;
  const within = schedules.get(when.schedule ?? '');
  return alwaysOpen(outside) || (within !== undefined && coversWeek(outside, within));
}

/**
 * Whether `wide` matches every call that `narrow` does. True is certain; false may be said where only several
 * conditions together, or the calendar, would tell.
 */
export function covers(
  wide: RuleConditions,
  narrow: RuleConditions,
  { paths, schedules }: { readonly paths: readonly CallPath[]; readonly schedules: Schedules },
): boolean {
  const taken = new Set(pathsOf(wide, paths));
  return (
    wide.emergency === narrow.emergency &&
    (wide.sample ?? 100) === 100 &&
    pathsOf(narrow, paths).every((path) => taken.has(path)) &&
    coversEach(wide.from, narrow.from ?? ['*']) &&
    coversEach(wide.to, narrow.to ?? ['*']) &&
    coversEach(wide.extension, narrow.extension) &&
    coversEach(wide.queue, narrow.queue) &&
    coversHeaders(wide, narrow) &&
    coversTimes(wide, narrow, schedules)
  );
}

function coversEach(wide: readonly string[] | undefined, narrow: readonly string[] | undefined): boolean {
  if (wide === undefined) return true;
  return narrow?.every((pattern) => wide.some((wider) => coversPattern(wider, pattern))) ?? false;
}

function coversHeaders(wide: RuleConditions, narrow: RuleConditions): boolean {
  const lower = (patterns: readonly string[] | undefined): readonly string[] | undefined =>
    patterns?.map((pattern) => pattern.toLowerCase());
  return Object.entries(wide.header ?? {}).every(([name, patterns]) =>
    coversEach(lower(patterns), lower(narrow.header?.[name])),
  );
}

function coversTimes(wide: RuleConditions, narrow: RuleConditions, schedules: Schedules): boolean {
  const named = (id: string | undefined): WeeklySchedule | undefined => schedules.get(id ?? '');
  const [within, outside] = [named(wide.schedule), named(wide.outsideSchedule)];
  const [narrowWithin, narrowOutside] = [named(narrow.schedule), named(narrow.outsideSchedule)];
  const coversWithin =
    within === undefined ||
    alwaysOpen(within) ||
    (narrowWithin !== undefined && coversWeek(within, narrowWithin));
  const coversOutside =
    outside === undefined ||
    (narrowOutside !== undefined && coversWeek(narrowOutside, outside)) ||
    (narrowWithin !== undefined && disjointWeeks(outside, narrowWithin));
  return coversWithin && coversOutside;
}
