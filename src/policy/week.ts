import { endOf, minutesADay, type WeeklySchedule } from './schedule.ts';

const minutesAWeek = 7 * minutesADay;

/**
 * What can be said of schedules for every week: a true answer is certain, whatever the holidays and the changes of
 * clocks; false may be said of what only the calendar could tell.
 */
export function alwaysOpen(schedule: WeeklySchedule): boolean {
  return schedule.holidays.length === 0 && minutesOf(schedule).every((open) => open);
}

/** Whether `wide` is open whenever `narrow` is. */
export function coversWeek(wide: WeeklySchedule, narrow: WeeklySchedule): boolean {
  if (wide === narrow || alwaysOpen(wide)) return true;
  if (wide.timeZone !== narrow.timeZone || wide.holidays.length > 0) return false;
  const minutes = minutesOf(wide);
  return minutesOf(narrow).every((open, minute) => !open || minutes[minute] === true);
}

/** Whether they are never open at once. */
export function disjointWeeks(a: WeeklySchedule, b: WeeklySchedule): boolean {
  if (a.timeZone !== b.timeZone) return false;
  const minutes = minutesOf(a);
  return minutesOf(b).every((open, minute) => !open || minutes[minute] === false);
}

/** For each minute of a week without holidays whether it is open. */
function minutesOf({ open }: WeeklySchedule): readonly boolean[] {
  const minutes = new Array<boolean>(minutesAWeek).fill(false);
  for (const span of open)
    for (const day of span.days)
      for (let minute = span.from; minute < endOf(span); minute++)
        minutes[(day * minutesADay + minute) % minutesAWeek] = true;
  return minutes;
}
