import type { WallMs } from '../kernel/clock.ts';

/** Minutes of a local day; an end that is not after its start is on the next day. */
export interface Span {
  /** 0 is Monday. */
  readonly days: readonly number[];
  readonly from: number;
  readonly until: number;
}

/** A week as the clocks of one place show it. */
export interface WeeklySchedule {
  /** IANA name: `Europe/Luxembourg`. */
  readonly timeZone: string;
  readonly open: readonly Span[];
  /** `2026-12-24`, or each year `12-25`: closed from midnight to midnight. */
  readonly holidays: readonly string[];
}

export const minutesADay = 24 * 60;
export const weekdays: readonly string[] = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];

/**
 * Whether a schedule is open. What counts is the local clock: an hour that is skipped in spring is never open, one
 * that comes twice in autumn is open twice. A span past midnight belongs to the day on which it begins, and a holiday
 * cuts it off.
 */
export function isOpen(schedule: WeeklySchedule, at: WallMs): boolean {
  const { date, weekday, minute } = localTime(schedule.timeZone, at);
  if (isHoliday(schedule, date)) return false;
  const yesterday = (weekday + 6) % 7;
  return schedule.open.some((span) => {
    if (span.days.includes(weekday) && span.from <= minute && minute < endOf(span)) return true;
    if (!span.days.includes(yesterday) || minute >= endOf(span) - minutesADay) return false;
    return !isHoliday(schedule, dayBefore(date));
  });
}

/** For people: `Wed 2026-11-25 14:05 Europe/Luxembourg`. */
export function printLocalTime(timeZone: string, at: WallMs): string {
  const { date, weekday, minute } = localTime(timeZone, at);
  const clock = [Math.floor(minute / 60), minute % 60].map((part) => String(part).padStart(2, '0')).join(':');
  return `${weekdays[weekday] ?? ''} ${date} ${clock} ${timeZone}`;
}

/** Minutes from the midnight on which the span's day begins; above a day: on the next. */
export function endOf({ from, until }: Span): number {
  return until > from ? until : until + minutesADay;
}

function isHoliday({ holidays }: WeeklySchedule, date: string): boolean {
  return holidays.includes(date) || holidays.includes(date.slice('2026-'.length));
}

function dayBefore(date: string): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) - minutesADay * 60_000).toISOString().slice(0, 10);
}

interface LocalTime {
  readonly date: string;
  /** 0 is Monday. */
  readonly weekday: number;
  readonly minute: number;
}

/** One a time zone that a configuration names: making one costs more than using it a thousand times. */
const formats = new Map<string, Intl.DateTimeFormat>();

function localTime(timeZone: string, at: WallMs): LocalTime {
  let format = formats.get(timeZone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-CA', {
      ...{ timeZone, calendar: 'gregory', numberingSystem: 'latn', hourCycle: 'h23' },
      ...{ year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit' },
    });
    formats.set(timeZone, format);
  }
  const parts = new Map(format.formatToParts(at).map(({ type, value }) => [type, value]));
  const part = (type: Intl.DateTimeFormatPartTypes): string => parts.get(type) ?? '';
  const date = `${part('year')}-${part('month')}-${part('day')}`;
  return {
    date,
    weekday: (new Date(`${date}T00:00:00Z`).getUTCDay() + 6) % 7,
    minute: Number(part('hour')) * 60 + Number(part('minute')),
  };
}
