import type { ConsentPlan, LegPlan, Question } from '../../consent/consent-plan.ts';
import type { RuleOptions } from '../../policy/options.ts';
import type { Party } from '../../records/call-record.ts';

/** Who is told how, by a rule that records. The configuration's check holds that nobody is left untold. */
export function consentPlanOf(rule: RuleOptions, promptOf: (party: Party) => string): ConsentPlan {
  const { announce, told } = rule;
  const others: LegPlan = { kind: 'elsewhere', text: told ?? '' };
  if (announce === undefined || announce === 'elsewhere') return { caller: others, callee: others };
  const planFor = (party: Party): LegPlan =>
    announce.to === 'all' || announce.to === party
      ? { kind: 'prompt', promptId: promptOf(party), when: announce.when, question: questionOf(rule) }
      : others;
  return { caller: planFor('caller'), callee: planFor('callee') };
}

/** How the caller hears its prompt before anybody is dialled; null: it does not. */
export function tellsFirst({ announce }: Pick<RuleOptions, 'announce'>): 'early' | 'answer' | null {
  if (announce === undefined || announce === 'elsewhere') return null;
  return announce.when === 'before-connect' && announce.to !== 'callee' ? announce.beforeConnect : null;
}

function questionOf({ consent, announce }: RuleOptions): Question | null {
  if (consent === 'notice' || announce === undefined || announce === 'elsewhere') return null;
  if (announce.key === undefined) return null;
  return { kind: consent, key: announce.key, withinMs: announce.answerSeconds * 1000 };
}
