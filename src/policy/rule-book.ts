import type { Numbering } from '../sip/number-forms.ts';
import type { PurposeOptions, RecordingOptions, RuleOptions } from './options.ts';
import type { WeeklySchedule } from './schedule.ts';

/** The rules with everything that they name. */
export interface RuleBook {
  readonly rules: readonly RuleOptions[];
  readonly purposes: ReadonlyMap<string, PurposeOptions>;
  readonly schedules: ReadonlyMap<string, WeeklySchedule>;
  readonly numbering: Numbering;
}

export interface RuleBookParts {
  readonly recording: Pick<RecordingOptions, 'rules' | 'schedules'>;
  readonly purposes: readonly PurposeOptions[];
  readonly numbering: Numbering;
}

export function ruleBook({ recording, purposes, numbering }: RuleBookParts): RuleBook {
  return {
    rules: recording.rules,
    purposes: new Map(purposes.map((purpose) => [purpose.id, purpose])),
    schedules: new Map(recording.schedules.map((schedule) => [schedule.id, schedule])),
    numbering,
  };
}
