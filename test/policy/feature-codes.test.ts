import { describe, expect, it } from 'vitest';
import { actionOf, codesOf } from '../../src/policy/feature-codes.ts';
import { recordingOptions } from '../../src/policy/options.ts';
import type { ControlAction } from '../../src/records/control-event.ts';

const ruleOf = (given: object) => {
  const { rules } = recordingOptions.parse({ rules: [{ id: 'r', mode: 'automatic', ...given }] });
  return rules[0]!;
};
const onDemand = { mode: 'on-demand' };
const four = { featureCodes: { start: '*1', stop: '*2', pause: '*3', resume: '*4' } };

describe('the codes that are listened for', () => {
  it.each<[string, object, string[]]>([
    ['start and stop, where the call may do so', onDemand, ['*1', '*2']],
    ['none, where it may do neither', {}, []],
    ['those of a pause, once they are named', four, ['*3', '*4']],
    ['those of a pause not where the API alone may', { ...four, mayPause: ['api'] }, []],
    ['all four', { ...onDemand, ...four }, ['*1', '*2', '*3', '*4']],
    ['one that switches, once', { featureCodes: { pause: '*5', resume: '*5' } }, ['*5']],
    ['none, where the rule names none', { ...onDemand, featureCodes: {} }, []],
  ])('%s', (_what, rule, codes) => {
    expect(codesOf(ruleOf(rule))).toEqual(codes);
  });
});

describe('what a code asks for', () => {
  const idle = { running: false, paused: false };
  const runs = { running: true, paused: false };
  const paused = { running: true, paused: true };
  const switches = { featureCodes: { start: '*1', stop: '*1', pause: '*5', resume: '*5' } };
  it.each<[string, object, string, typeof idle, ControlAction | null]>([
    ['its action', four, '*2', idle, 'stop'],
    ['nothing, where it is none', four, '*9', idle, null],
    ['to start, by a code that switches, while nothing runs', switches, '*1', idle, 'start'],
    ['to stop, by the same, while it runs', switches, '*1', runs, 'stop'],
    ['to stop it also in a pause', switches, '*1', paused, 'stop'],
    ['to pause, by a code that switches', switches, '*5', runs, 'pause'],
    ['to resume, by the same, in a pause', switches, '*5', paused, 'resume'],
  ])('%s', (_what, rule, code, now, action) => {
    expect(actionOf(ruleOf(rule), code, now)).toBe(action);
  });
});
