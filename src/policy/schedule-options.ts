import { z } from 'zod';
import { minutesADay, type Span, weekdays } from './schedule.ts';

const spanForm =
  'a span is written DAYS FROM-UNTIL: "mon-fri 08:00-18:00", "sat,sun 10:00-14:00", "fri 22:00-06:00"; DAYS alone is the whole day';

const span = z.string().transform((text, context): Span => {
  const parsed = parseSpan(text);
  if (parsed !== null) return parsed;
  context.addIssue({ code: 'custom', message: spanForm });
  return z.NEVER;
});

const timeZone = z
  .string()
  .refine(isTimeZone, 'is no time zone; write an IANA name such as Europe/Luxembourg');

const holiday = z
  .string()
  .refine(isDate, 'a holiday is a date that exists: "2026-12-24", or each year "12-25"');

/** A named week, for `when.schedule` and `when.outsideSchedule`. */
export const scheduleOptions = z.strictObject({
  id: z.string().regex(/^[A-Za-z0-9_.-]{1,64}$/, 'an id has 1 to 64 letters, digits, ".", "_" or "-"'),
  timeZone,
  open: z.array(span).min(1, 'is never open; give at least one span, or remove the schedule'),
  holidays: z.array(holiday).max(1000).default([]),
});

/** Null: it is not of the form, or it is empty. */
function parseSpan(text: string): Span | null {
  const match = /^([a-z,-]+)(?: (\d\d):(\d\d)-(\d\d):(\d\d))?$/.exec(text.trim().toLowerCase());
  if (match === null) return null;
  const [, names = '', fromHour, fromMinute, untilHour, untilMinute] = match;
  const days = names.split(',').map(parseDays);
  if (days.some((some) => some === null)) return null;
  const all = [...new Set(days.flatMap((some) => some ?? []))].toSorted((a, b) => a - b);
  if (fromHour === undefined) return { days: all, from: 0, until: minutesADay };
  const from = minuteOf(fromHour, fromMinute);
  const until = minuteOf(untilHour, untilMinute);
  if (from === null || until === null || from === until || from === minutesADay) return null;
  return { days: all, from, until };
}

/** `mon`, `mon-fri`, `fri-mon`. */
function parseDays(text: string): readonly number[] | null {
  const [first = '', last = first, ...rest] = text.split('-');
  const from = weekdays.indexOf(first);
  const to = weekdays.indexOf(last);
  if (from < 0 || to < 0 || rest.length > 0) return null;
  const count = ((to - from + 7) % 7) + 1;
  return Array.from({ length: count }, (_, i) => (from + i) % 7);
}

function minuteOf(hour = '', minute = ''): number | null {
  const minutes = Number(hour) * 60 + Number(minute);
  return Number(minute) > 59 || minutes > minutesADay ? null : minutes;
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

function isDate(text: string): boolean {
  if (!/^(?:\d{4}-)?\d\d-\d\d$/.test(text)) return false;
  // 29 February is a holiday of leap years.
  const full = text.length === 'MM-DD'.length ? `2024-${text}` : text;
  const date = new Date(`${full}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(full);
}
