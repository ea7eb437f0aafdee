import { type Numbering, numberForms } from '../sip/number-forms.ts';
import type { RuleConditions } from './condition-options.ts';
import type { RuleOptions } from './options.ts';
import { matchesPattern } from './pattern.ts';
import type { RuleBook } from './rule-book.ts';
import type { RuleFacts } from './rule-facts.ts';
import { isSampled } from './sample.ts';
import { isOpen, printLocalTime, type WeeklySchedule } from './schedule.ts';

/** One call as rules look at it. */
export interface Subject {
  readonly facts: RuleFacts;
  readonly book: RuleBook;
  /** Every form in which a pattern may name the numbers. */
  readonly from: readonly string[];
  readonly to: readonly string[];
}

/** One kind of condition; the texts are for people and only made for them. */
interface Condition {
  readonly name: keyof RuleConditions;
  holds(rule: RuleOptions, subject: Subject): boolean;
  wanted(rule: RuleOptions): string;
  was(subject: Subject, rule: RuleOptions): string;
}

export function subjectOf(facts: RuleFacts, book: RuleBook): Subject {
  return {
    facts,
    book,
    from: numberForms(facts.from, presented(book.numbering)),
    to: numberForms(facts.to, dialled(facts, book.numbering)),
  };
}

/** The first condition that does not hold; null: the rule matches. */
export function firstMiss(rule: RuleOptions, subject: Subject): Condition | null {
  return conditions.find((condition) => !condition.holds(rule, subject)) ?? null;
}

/** A number that is shown has no way out of a PBX before it. */
export function presented({ country }: Numbering): Numbering {
  return { country, outsideLine: [] };
}

/** Only what comes from a PBX may still begin with its way out. */
export function dialled({ direction }: Pick<RuleFacts, 'direction'>, numbering: Numbering): Numbering {
  return direction === 'outbound' ? numbering : presented(numbering);
}

/** Emergency calls are matched by rules that name them, and such a rule matches nothing else. */
const emergency: Condition = {
  name: 'emergency',
  holds: ({ when }, { facts }) => (when.emergency ?? false) === facts.emergency,
  wanted: ({ when }) => (when.emergency === true ? 'an emergency call' : 'no emergency call'),
  was: ({ facts }) => (facts.emergency ? 'an emergency call' : 'no emergency call'),
};

const direction: Condition = {
  name: 'direction',
  holds: ({ when }, { facts }) => when.direction?.includes(facts.direction) ?? true,
  wanted: ({ when }) => listed(when.direction ?? []),
  was: ({ facts }) => facts.direction,
};

type PatternName = 'from' | 'to' | 'extension' | 'queue' | 'peer' | 'callerPeer' | 'calleePeer';

/** One of the patterns matches one of the forms. */
function patternCondition(
  name: PatternName,
  formsOf: (subject: Subject) => readonly (string | null)[],
  shown = formsOf,
): Condition {
  return {
    name,
    holds: ({ when }, subject) => {
      const patterns = when[name];
      if (patterns === undefined) return true;
      const forms = formsOf(subject);
      return patterns.some((pattern) => forms.some((form) => form !== null && matchesPattern(pattern, form)));
    },
    wanted: ({ when }) => listed(when[name] ?? []),
    was: (subject) => listed(shown(subject).filter((form) => form !== null)),
  };
}

/** What a header may hold beyond this is not looked at. */
const longestValue = 1024;

const header: Condition = {
  name: 'header',
  holds: ({ when }, { facts }) => Object.entries(when.header ?? {}).every((each) => headerHolds(each, facts)),
  wanted: ({ when }) =>
    Object.entries(when.header ?? {})
      .map(([name, patterns]) => `${name}: ${listed(patterns)}`)
      .join(' and '),
  was: ({ facts }, { when }) =>
    Object.keys(when.header ?? {})
      .map((name) => `${name}: ${listed(facts.headers.get(name) ?? [])}`)
      .join(' and '),
};

/** RFC 3261 §7.3.1: values are compared without case unless their header says otherwise. */
function headerHolds([name, patterns]: [string, readonly string[]], { headers }: RuleFacts): boolean {
  const values = (headers.get(name) ?? []).map((value) => value.trim().slice(0, longestValue).toLowerCase());
  return patterns.some((pattern) => values.some((value) => matchesPattern(pattern.toLowerCase(), value)));
}

/** Within the hours of a schedule, or outside of them. */
function scheduleCondition(name: 'schedule' | 'outsideSchedule', open: boolean): Condition {
  const named = ({ when }: RuleOptions, { book }: Subject): WeeklySchedule | undefined =>
    book.schedules.get(when[name] ?? '');
  return {
    name,
    holds: (rule, subject) => {
      const schedule = named(rule, subject);
      return schedule === undefined || isOpen(schedule, subject.facts.at) === open;
    },
    wanted: ({ when }) =>
      `${open ? 'within' : 'outside of'} ${listed(when[name] === undefined ? [] : [when[name]])}`,
    was: (subject, rule) => printLocalTime(named(rule, subject)?.timeZone ?? 'UTC', subject.facts.at),
  };
}

const sample: Condition = {
  name: 'sample',
  holds: ({ id, when }, { facts }) =>
    when.sample === undefined || facts.callId === null || isSampled(id, facts.callId, when.sample),
  wanted: ({ when }) => `among ${when.sample ?? 100} % of calls`,
  was: () => 'not among them',
};

/** The cheap ones first. */
const conditions: readonly Condition[] = [
  emergency,
  direction,
  patternCondition('peer', ({ facts }) => [facts.callerPeer, facts.calleePeer]),
  patternCondition('callerPeer', ({ facts }) => [facts.callerPeer]),
  patternCondition('calleePeer', ({ facts }) => [facts.calleePeer]),
  patternCondition('extension', ({ facts }) => [facts.extension]),
  patternCondition(
    'from',
    ({ from }) => from,
    ({ facts }) => [facts.from],
  ),
  patternCondition(
    'to',
    ({ to }) => to,
    ({ facts }) => [facts.to],
  ),
  patternCondition('queue', ({ facts }) => [facts.queue]),
  header,
  scheduleCondition('schedule', true),
  scheduleCondition('outsideSchedule', false),
  sample,
];

function listed(values: readonly string[]): string {
  return values.length === 0 ? 'none' : values.map((value) => JSON.stringify(value)).join(' or ');
}
