import { type ControlAction, controlActions } from '../records/control-event.ts';
import { mayControl } from './may-control.ts';
import type { RuleOptions } from './options.ts';

/** What a party at the PBX may dial in a call to control its recording. */
export function codesOf(rule: RuleOptions): readonly string[] {
  const codes = controlActions.flatMap((action) => {
    const code = rule.featureCodes[action];
    return code !== undefined && mayControl(rule, action, 'call') ? [code] : [];
  });
  return [...new Set(codes)];
}

/** What a code asks for; one that stands for both of a pair turns the other way what is. Null: it is none. */
export function actionOf(
  { featureCodes }: RuleOptions,
  code: string,
  now: { readonly running: boolean; readonly paused: boolean },
): ControlAction | null {
  const meant = controlActions.filter((action) => featureCodes[action] === code);
  if (meant.length < 2) return meant[0] ?? null;
  if (meant.includes('start')) return now.running ? 'stop' : 'start';
  return now.paused ? 'resume' : 'pause';
}
