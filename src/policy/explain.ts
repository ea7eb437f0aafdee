import { firstMiss, subjectOf } from './conditions.ts';
import { decide, type Decision, type WantedRecording } from './decide.ts';
import type { RuleOptions } from './options.ts';
import type { RuleBook } from './rule-book.ts';
import type { RuleFacts } from './rule-facts.ts';

/** Why a rule does not match: its first condition that does not hold. */
export interface Miss {
  readonly ruleId: string;
  readonly condition: string;
  readonly wanted: string;
  readonly was: string;
}

/** What rules make of a call, and why. */
export interface Explanation {
  readonly decision: Decision;
  /** The rules before the one that matches, with what kept each from matching. */
  readonly passedOver: readonly Miss[];
  /** The percentage in which the rule matches; null: always. */
  readonly sample: number | null;
}

export function explain(book: RuleBook, facts: RuleFacts): Explanation {
  const subject = subjectOf(facts, book);
  const passedOver: Miss[] = [];
  for (const rule of book.rules) {
    const miss = firstMiss(rule, subject);
    const sample = facts.callId === null ? (rule.when.sample ?? null) : null;
    if (miss === null) return { decision: decide(book, facts), passedOver, sample };
    passedOver.push({
      ruleId: rule.id,
      condition: miss.name,
      wanted: miss.wanted(rule),
      was: miss.was(subject, rule),
    });
  }
  return { decision: decide(book, facts), passedOver, sample: null };
}

/** Lines for a person. */
export function printExplanation({ decision, passedOver, sample }: Explanation): readonly string[] {
  const before = passedOver.map(
    ({ ruleId, condition, wanted, was }) => `  ${ruleId}: no, ${condition} is ${was}, wanted ${wanted}`,
  );
  const some =
    sample === null ? [] : [`  in ${sample} % of such calls; the others go on to the rules below it`];
  return [...before, ...outcomeOf(decision), ...some];
}

function outcomeOf(decision: Decision): readonly string[] {
  if (decision.record) return [`  ${decision.rule.id}: yes`, `recorded, ${termsOf(decision)}`];
  if (decision.ruleId === null) return ['not recorded: no rule matches'];
  const matched = `  ${decision.ruleId}: yes`;
  if (decision.why === 'on-demand') return [matched, `recorded on demand, ${termsOf(decision.onDemand)}`];
  return [matched, 'not recorded: the rule says never'];
}

function termsOf({ rule, purpose, retentionMs }: WantedRecording): string {
  const days = Math.round(retentionMs / 86_400_000);
  const kept = days < 2 ? `${Math.round(retentionMs / 3_600_000)} h` : `${days} days`;
  const told = toldBy(rule);
  return `purpose "${purpose.id}" (${purpose.legalBasis}), ${told}, ${rule.format} ${rule.channels}, kept ${kept}`;
}

function toldBy({ announce }: RuleOptions): string {
  if (announce === undefined || announce === 'elsewhere') return 'told elsewhere';
  const others = announce.translations.length === 0 ? '' : ' or a translation, by language';
  return `prompt "${announce.prompt}"${others}`;
}
