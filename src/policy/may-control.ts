import type { ControlAction } from '../records/control-event.ts';
import type { Decision, WantedRecording } from './decide.ts';
import type { ControlPlace, RuleOptions } from './options.ts';

/** The recording that a call has by its rule, or may have once somebody asks for it; null: none whoever asks. */
export function recordingAllowed(decision: Decision): WantedRecording | null {
  if (decision.record) return decision;
  return decision.why === 'on-demand' ? decision.onDemand : null;
}

/** Whether a rule lets its recordings be controlled from there. */
export function mayControl(rule: RuleOptions, action: ControlAction, from: ControlPlace): boolean {
  const places = action === 'pause' || action === 'resume' ? rule.mayPause : mayStart(rule);
  return places.includes(from);
}

/** What is to be recorded whether the parties like it or not is not theirs to stop. */
function mayStart({ mode, mayStart: places }: RuleOptions): readonly ControlPlace[] {
  return places ?? (mode === 'on-demand' ? ['api', 'call'] : ['api']);
}
