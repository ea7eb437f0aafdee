import type { WallMs } from '../../src/kernel/clock.ts';
import { purposeOptions, recordingOptions } from '../../src/policy/options.ts';
import { type RuleBook, ruleBook } from '../../src/policy/rule-book.ts';
import type { RuleFacts } from '../../src/policy/rule-facts.ts';

export const wall = (text: string): WallMs => Date.parse(text) as WallMs;

/** A Wednesday, 10:00 in Luxembourg. */
export const facts: RuleFacts = {
  callId: '0190a1b2-0000-7000-8000-000000000001',
  at: wall('2026-11-25T10:00:00+01:00'),
  direction: 'outbound',
  from: '101',
  to: '+352621000000',
  extension: '101',
  queue: null,
  callerPeer: 'pbx',
  calleePeer: 'carrier',
  headers: new Map(),
  emergency: false,
};

export const automatic = {
  id: 'r',
  mode: 'automatic',
  purpose: 'quality',
  announce: 'elsewhere',
  told: 'told',
};

/** Rules of a site in Luxembourg, or elsewhere. */
export function bookOf(
  rules: readonly object[],
  country = 'LU',
  schedules: readonly object[] = [],
): RuleBook {
  return ruleBook({
    recording: recordingOptions.parse({ rules, schedules: [...hours, ...schedules] }),
    purposes: purposeOptions.parse([
      { id: 'quality', description: 'Quality', legalBasis: 'legitimate-interest', retention: '90d' },
    ]),
    numbering: { country, outsideLine: ['0'] },
  });
}

const hours = [
  {
    id: 'office',
    timeZone: 'Europe/Luxembourg',
    open: ['mon-thu 08:00-18:00', 'fri 08:00-16:00'],
    holidays: ['12-25', '2026-11-11'],
  },
  { id: 'night', timeZone: 'Europe/Luxembourg', open: ['mon-sun 22:00-06:00'] },
];
