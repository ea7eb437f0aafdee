import type { ConsentPlan, LegPlan, Question } from '../../consent/consent-plan.ts';
import type { RuleOptions } from '../../policy/options.ts';
import type { Party } from '../../records/call-record.ts';

/** Who is told how, by a rule that records. The configuration's check holds that nobody is left untold. */
export function consentPlanOf(rule: RuleOptions): ConsentPlan {
  const { announce, told } = rule;
  const others: LegPlan = { kind: 'elsewhere', text: told ?? '' };
  if (announce === undefined || announce === 'elsewhere') return { caller: others, callee: others };
  const prompt: LegPlan = {
    ...{ kind: 'prompt', promptId: announce.prompt, when: announce.when },
    question: questionOf(rule),
  };
  const planFor = (party: Party): LegPlan =>
    announce.to === 'all' || announce.to === party ? prompt : others;
  return { caller: planFor('caller'), callee: planFor('callee') };
}

/** Whether the caller hears its prompt before anybody is dialled. */
export function tellsFirst(rule: RuleOptions): boolean {
  const { caller } = consentPlanOf(rule);
  return caller.kind === 'prompt' && caller.when === 'before-connect';
}

function questionOf({ consent, announce }: RuleOptions): Question | null {
  if (consent === 'notice' || announce === undefined || announce === 'elsewhere') return null;
  if (announce.key === undefined) return null;
  return { kind: consent, key: announce.key, withinMs: announce.answerSeconds * 1000 };
}
