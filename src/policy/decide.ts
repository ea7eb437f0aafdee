import type { NotRecorded } from '../records/call-record.ts';
import { firstMiss, subjectOf } from './conditions.ts';
import type { PurposeOptions, RuleOptions } from './options.ts';
import type { RuleBook } from './rule-book.ts';
import type { RuleFacts } from './rule-facts.ts';

/** A recording that a rule wants, or allows on demand. */
export interface WantedRecording {
  readonly rule: RuleOptions;
  readonly purpose: PurposeOptions;
  readonly retentionMs: number;
}

export type Decision =
  | {
      readonly record: false;
      readonly ruleId: string | null;
      readonly why: Exclude<NotRecorded, 'on-demand'>;
    }
  /** Not before somebody asks for it. */
  | {
      readonly record: false;
      readonly ruleId: string;
      readonly why: 'on-demand';
      readonly onDemand: WantedRecording;
    }
  | ({ readonly record: true } & WantedRecording);

/** First match wins; no match, no recording. */
export function decide(book: RuleBook, facts: RuleFacts): Decision {
  const subject = subjectOf(facts, book);
  const rule = book.rules.find((candidate) => firstMiss(candidate, subject) === null);
  if (rule === undefined) return { record: false, ruleId: null, why: 'no-rule' };
  const purpose = rule.purpose === undefined ? undefined : book.purposes.get(rule.purpose);
  if (rule.mode === 'never' || purpose === undefined) return { record: false, ruleId: rule.id, why: 'never' };
  const wanted = { rule, purpose, retentionMs: rule.retention ?? purpose.retention };
  if (rule.mode === 'automatic') return { record: true, ...wanted };
  return { record: false, ruleId: rule.id, why: 'on-demand', onDemand: wanted };
}
