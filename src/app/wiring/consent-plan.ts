import type { ConsentPlan, LegPlan } from '../../consent/consent-machine.ts';
import type { RuleOptions } from '../../policy/options.ts';
import type { Party } from '../../records/call-record.ts';

/** Who is told how, by a rule that records. The configuration's check holds that nobody is left untold. */
export function consentPlanOf({ announce, told }: RuleOptions): ConsentPlan {
  const others: LegPlan = { kind: 'elsewhere', text: told ?? '' };
  if (announce === undefined || announce === 'elsewhere') return { caller: others, callee: others };
  const prompt: LegPlan = { kind: 'prompt', promptId: announce.prompt };
  const planFor = (party: Party): LegPlan =>
    announce.to === 'all' || announce.to === party ? prompt : others;
  return { caller: planFor('caller'), callee: planFor('callee') };
}
