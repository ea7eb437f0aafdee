import { describe, expect, it } from 'vitest';
import { isOpen, printLocalTime } from '../../src/policy/schedule.ts';
import { scheduleOptions } from '../../src/policy/schedule-options.ts';
import { wall } from './rule-fixture.ts';

const inLuxembourg = (open: string[], holidays: string[] = []) =>
  scheduleOptions.parse({ id: 's', timeZone: 'Europe/Luxembourg', open, holidays });

describe('isOpen', () => {
  // Clocks go forward on 29 March 2026 at 01:00 UTC, and back on 25 October 2026 at 01:00 UTC.
  const rows: [name: string, open: string[], holidays: string[], at: string, expected: boolean][] = [
    ['from is within', ['wed 08:00-18:00'], [], '2026-11-25T08:00:00+01:00', true],
    ['until is not', ['wed 08:00-18:00'], [], '2026-11-25T18:00:00+01:00', false],
    ['the minute before', ['wed 08:00-18:00'], [], '2026-11-25T07:59:59+01:00', false],
    ['another day', ['wed 08:00-18:00'], [], '2026-11-26T10:00:00+01:00', false],
    ['a day without hours is whole', ['sun'], [], '2026-11-29T23:59:59+01:00', true],
    ['a range of days', ['mon-fri 08:00-18:00'], [], '2026-11-27T10:00:00+01:00', true],
    ['a range round the weekend', ['fri-mon 08:00-18:00'], [], '2026-11-29T10:00:00+01:00', true],
    ['days listed', ['mon,wed 08:00-18:00'], [], '2026-11-24T10:00:00+01:00', false],
    ['one of several spans', ['wed 08:00-12:00', 'wed 13:00-18:00'], [], '2026-11-25T14:00:00+01:00', true],
    ['between them', ['wed 08:00-12:00', 'wed 13:00-18:00'], [], '2026-11-25T12:30:00+01:00', false],
    ['until 24:00', ['wed 08:00-24:00'], [], '2026-11-25T23:59:00+01:00', true],

    ['past midnight: the evening', ['fri 22:00-06:00'], [], '2026-11-27T23:00:00+01:00', true],
    ['past midnight: the morning after', ['fri 22:00-06:00'], [], '2026-11-28T05:59:00+01:00', true],
    ['past midnight: its end', ['fri 22:00-06:00'], [], '2026-11-28T06:00:00+01:00', false],
    ['past midnight: not the morning before', ['fri 22:00-06:00'], [], '2026-11-27T05:00:00+01:00', false],
    ['past midnight: from Sunday to Monday', ['sun 22:00-06:00'], [], '2026-11-30T01:00:00+01:00', true],

    ['a holiday of one year', ['mon-sun'], ['2026-06-23'], '2026-06-23T10:00:00+02:00', false],
    ['not of the next', ['mon-sun'], ['2026-06-23'], '2027-06-23T10:00:00+02:00', true],
    ['a holiday of each year', ['mon-sun'], ['06-23'], '2027-06-23T10:00:00+02:00', false],
    ['a holiday begins at local midnight', ['mon-sun'], ['06-23'], '2026-06-22T22:30:00Z', false],
    ['and not before', ['mon-sun'], ['06-23'], '2026-06-22T21:59:00Z', true],
    [
      'a holiday cuts off the night before',
      ['mon 22:00-06:00'],
      ['2026-06-23'],
      '2026-06-23T01:00:00+02:00',
      false,
    ],
    ['nothing begins on it', ['tue 22:00-06:00'], ['2026-06-23'], '2026-06-24T01:00:00+02:00', false],

    ['summer time: 08:00 is 06:00 UTC', ['mon-sun 08:00-18:00'], [], '2026-07-01T06:00:00Z', true],
    ['winter time: it is 07:00 UTC', ['mon-sun 08:00-18:00'], [], '2026-12-01T06:59:00Z', false],
    ['spring: the last minute before the gap', ['sun 01:00-02:00'], [], '2026-03-29T00:59:00Z', true],
    ['spring: 02:00 is skipped, 03:00 follows', ['sun 02:00-03:00'], [], '2026-03-29T01:00:00Z', false],
    ['spring: what spans the gap goes on', ['sun 01:00-04:00'], [], '2026-03-29T01:00:00Z', true],
    ['spring: and ends by the new clock', ['sun 01:00-04:00'], [], '2026-03-29T02:00:00Z', false],
    ['spring: a night is an hour shorter', ['sat 22:00-06:00'], [], '2026-03-29T04:00:00Z', false],
    ['spring: to its end', ['sat 22:00-06:00'], [], '2026-03-29T03:59:00Z', true],
    ['autumn: 02:30 for the first time', ['sun 02:00-03:00'], [], '2026-10-25T00:30:00Z', true],
    ['autumn: 02:30 for the second time', ['sun 02:00-03:00'], [], '2026-10-25T01:30:00Z', true],
    ['autumn: 03:00 comes once', ['sun 02:00-03:00'], [], '2026-10-25T02:00:00Z', false],
    ['autumn: a night is an hour longer', ['sat 22:00-06:00'], [], '2026-10-25T04:59:00Z', true],
    ['autumn: to its end', ['sat 22:00-06:00'], [], '2026-10-25T05:00:00Z', false],
  ];
  it.each(rows)('%s', (_name, open, holidays, at, expected) => {
    expect(isOpen(inLuxembourg(open, holidays), wall(at))).toBe(expected);
  });

  it('goes by the clock of its own place', () => {
    const inLisbon = scheduleOptions.parse({ id: 's', timeZone: 'Europe/Lisbon', open: ['wed 08:00-09:00'] });
    expect(isOpen(inLisbon, wall('2026-11-25T08:30:00Z'))).toBe(true);
    expect(isOpen(inLuxembourg(['wed 08:00-09:00']), wall('2026-11-25T08:30:00Z'))).toBe(false);
  });

  it('shows the time as people there say it', () => {
    expect(printLocalTime('Europe/Luxembourg', wall('2026-07-01T22:05:00Z'))).toBe(
      'thu 2026-07-02 00:05 Europe/Luxembourg',
    );
  });
});

describe('a schedule in the configuration', () => {
  const refused: [string, object, RegExp][] = [
    ['no such day', { open: ['monday 08:00-18:00'] }, /a span is written DAYS FROM-UNTIL/],
    ['no length', { open: ['mon 08:00-08:00'] }, /a span is written/],
    ['no such hour', { open: ['mon 08:00-25:00'] }, /a span is written/],
    ['no such minute', { open: ['mon 08:60-09:00'] }, /a span is written/],
    ['begins when the day is over', { open: ['mon 24:00-02:00'] }, /a span is written/],
    ['never', { open: [] }, /is never open/],
    ['no such time zone', { open: ['mon'], timeZone: 'Europe/Esch' }, /is no time zone/],
    ['no such date', { open: ['mon'], holidays: ['2026-02-29'] }, /a date that exists/],
    ['no such day of a year', { open: ['mon'], holidays: ['13-01'] }, /a date that exists/],
  ];
  it.each(refused)('is refused: %s', (_name, change, expected) => {
    const parsed = scheduleOptions.safeParse({ id: 's', timeZone: 'Europe/Luxembourg', ...change });
    expect(parsed.error?.issues[0]?.message).toMatch(expected);
  });

  it('may have 29 February as a holiday of leap years', () => {
    expect(inLuxembourg(['mon'], ['02-29']).holidays).toEqual(['02-29']);
  });
});
