import { describe, expect, it } from 'vitest';
import { mayControl } from '../../src/policy/may-control.ts';
import { recordingOptions } from '../../src/policy/options.ts';
import type { ControlAction } from '../../src/records/control-event.ts';

const ruleOf = (given: object) => {
  const { rules } = recordingOptions.parse({ rules: [{ id: 'r', mode: 'automatic', ...given }] });
  return rules[0]!;
};
const onDemand = { mode: 'on-demand' };

describe('from where a recording may be controlled', () => {
  it.each<[string, object, ControlAction, 'api' | 'call', boolean]>([
    ['an automatic recording is stopped by the API', {}, 'stop', 'api', true],
    ['an automatic recording is not for the parties to stop', {}, 'stop', 'call', false],
    ['nor to start again', {}, 'start', 'call', false],
    ['unless its rule says so', { mayStart: ['call'] }, 'stop', 'call', true],
    ['which may leave the API out', { mayStart: ['call'] }, 'stop', 'api', false],
    ['one on demand is started by the API', onDemand, 'start', 'api', true],
    ['and in the call', onDemand, 'start', 'call', true],
    ['and stopped there', onDemand, 'stop', 'call', true],
    ['a pause is everybody’s', {}, 'pause', 'call', true],
    ['unless its rule names who', { mayPause: ['api'] }, 'pause', 'call', false],
    ['who may not pause may not resume', { mayPause: ['call'] }, 'resume', 'api', false],
    ['who may start is not who may pause', { mayPause: [], mayStart: ['api'] }, 'pause', 'api', false],
  ])('%s', (_rule, rule, action, from, may) => {
    expect(mayControl(ruleOf(rule), action, from)).toBe(may);
  });
});
