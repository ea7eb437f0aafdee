import { describe, expect, it } from 'vitest';
import {
  newRegistration,
  type RegistrationEvent,
  type RegistrationState,
  stepRegistration,
} from '../../../src/signalling/peering/registration-machine.ts';

const idle = newRegistration(3600);
const asking: RegistrationState = { ...idle, phase: 'asking' };
const resting: RegistrationState = { ...idle, phase: 'resting' };
const bound: RegistrationState = { ...idle, phase: 'resting', registered: true };
const refreshing: RegistrationState = { ...bound, phase: 'asking' };
const leaving: RegistrationState = { ...idle, phase: 'leaving' };
const over: RegistrationState = { ...idle, phase: 'over' };

const accepted = (grantedSeconds: number, jitter = 0): RegistrationEvent => ({
  type: 'accepted',
  grantedSeconds,
  jitter,
});
const brief = (leastSeconds: number | null): RegistrationEvent => ({
  type: 'too-brief',
  leastSeconds,
  jitter: 1,
});
const refused = (retryAfterSeconds: number | null = null, jitter = 1): RegistrationEvent => ({
  ...{ type: 'refused', retryAfterSeconds, jitter },
});
const unreachable = (
  more: boolean,
  retryAfterSeconds: number | null = null,
  jitter = 1,
): RegistrationEvent => ({
  ...{ type: 'unreachable', more, retryAfterSeconds, jitter },
});

/** `phase registered`, then what is done. */
function step(state: RegistrationState, event: RegistrationEvent): string[] {
  const { state: after, effects } = stepRegistration(state, event);
  const done = effects.map((effect) => {
    switch (effect.do) {
      case 'ask':
        return `ask ${effect.hop} for ${effect.expiresSeconds}`;
      case 'set-timer':
        return `${effect.timer} in ${effect.ms / 1000}`;
      case 'tell':
        return effect.registered ? 'registered' : 'not registered';
      case 'complain':
        return `${effect.fault}, again in ${effect.againMs / 1000}`;
      case 'clear-timers':
      case 'gone':
        return effect.do;
    }
  });
  return [`${after.phase}${after.registered ? ' bound' : ''}`, ...done];
}

describe('RFC 3261 §10.2: registering', () => {
  it.each<[string, RegistrationState, RegistrationEvent, string[]]>([
    ['the start', idle, { type: 'start' }, ['asking', 'ask first for 3600']],
    [
      'accepted: what is granted counts, not what was asked, and the refresh comes before its end',
      asking,
      accepted(600),
      ['resting bound', 'registered', 'lapsed in 600', 'due in 450'],
    ],
    [
      'and at the latest when nine tenths are over',
      asking,
      accepted(600, 1),
      ['resting bound', 'registered', 'lapsed in 600', 'due in 540'],
    ],
    ['an hour', asking, accepted(3600), ['resting bound', 'registered', 'lapsed in 3600', 'due in 2700']],
    ['§10.2.4: refreshed where it is bound', bound, { type: 'due' }, ['asking bound', 'ask first for 3600']],
    ['refreshed', refreshing, accepted(60), ['resting bound', 'registered', 'lapsed in 60', 'due in 45']],
    [
      'a binding of no time is none',
      asking,
      accepted(0, 1),
      ['resting', 'refused, again in 60', 'due in 60'],
    ],
    [
      '§10.2.8: 423 is asked again for longer, at the same place',
      asking,
      brief(7200),
      ['asking', 'ask same for 7200'],
    ],
    ['423 that asks for no longer', asking, brief(3600), ['resting', 'refused, again in 60', 'due in 60']],
    ['423 without Min-Expires', asking, brief(null), ['resting', 'refused, again in 60', 'due in 60']],
    ['423 that asks for a month', asking, brief(2_592_000), ['resting', 'refused, again in 60', 'due in 60']],
    [
      '423 again and again',
      { ...asking, raised: 3 },
      brief(7200),
      ['resting', 'refused, again in 60', 'due in 60'],
    ],
    ['refused', asking, refused(), ['resting', 'refused, again in 60', 'due in 60']],
    [
      'refused for the fourth time',
      { ...asking, failures: 3 },
      refused(),
      ['resting', 'refused, again in 480', 'due in 480'],
    ],
    [
      'refused for ever: every ten minutes',
      { ...asking, failures: 99 },
      refused(),
      ['resting', 'refused, again in 600', 'due in 600'],
    ],
    ['refused with Retry-After', asking, refused(900), ['resting', 'refused, again in 900', 'due in 900']],
    [
      'a Retry-After of a day: an hour',
      asking,
      refused(86_400),
      ['resting', 'refused, again in 3600', 'due in 3600'],
    ],
    ['half of the wait is drawn', asking, refused(null, 0), ['resting', 'refused, again in 30', 'due in 30']],
    [
      'RFC 3263 §4.3: unreachable, and there is another hop',
      asking,
      unreachable(true),
      ['asking', 'ask next for 3600'],
    ],
    [
      'unreachable, the last hop',
      asking,
      unreachable(false),
      ['resting', 'unreachable, again in 5', 'due in 5'],
    ],
    [
      'the wait doubles',
      { ...asking, failures: 4 },
      unreachable(false),
      ['resting', 'unreachable, again in 80', 'due in 80'],
    ],
    [
      'up to five minutes',
      { ...asking, failures: 50 },
      unreachable(false),
      ['resting', 'unreachable, again in 300', 'due in 300'],
    ],
    [
      'a refresh that fails leaves the binding as long as it holds',
      refreshing,
      unreachable(false),
      ['resting bound', 'unreachable, again in 5', 'due in 5'],
    ],
    ['until it has run out', bound, { type: 'lapsed' }, ['resting', 'not registered']],
    ['also while it is asked', refreshing, { type: 'lapsed' }, ['asking', 'not registered']],
    ['run out twice is once', resting, { type: 'lapsed' }, ['resting']],
    ['the next try', resting, { type: 'due' }, ['asking', 'ask first for 3600']],
    ['an answer to nothing', resting, accepted(60), ['resting']],
  ])('%s', (_name, state, event, expected) => {
    expect(step(state, event)).toEqual(expected);
  });

  it('after a success all counts begin anew', () => {
    const { state } = stepRegistration({ ...asking, failures: 7, raised: 2 }, accepted(60));
    expect(state).toMatchObject({ failures: 0, raised: 0 });
  });

  it('what a 423 asked for is asked for from then on', () => {
    const { state } = stepRegistration(asking, brief(7200));
    expect(stepRegistration(state, accepted(7200)).state.expiresSeconds).toBe(7200);
  });
});

describe('RFC 3261 §10.2.2: leaving', () => {
  it.each<[string, RegistrationState, RegistrationEvent, string[]]>([
    [
      'a binding is taken back',
      bound,
      { type: 'stop' },
      ['leaving', 'clear-timers', 'not registered', 'ask same for 0', 'due in 2'],
    ],
    [
      'also while it is refreshed',
      refreshing,
      { type: 'stop' },
      ['leaving', 'clear-timers', 'not registered', 'ask same for 0', 'due in 2'],
    ],
    ['where there is none, nothing is said', resting, { type: 'stop' }, ['over', 'clear-timers', 'gone']],
    ['before the start', idle, { type: 'stop' }, ['over', 'clear-timers', 'gone']],
    ['the registrar has answered', leaving, accepted(0), ['over', 'clear-timers', 'gone']],
    ['it has refused', leaving, refused(), ['over', 'clear-timers', 'gone']],
    ['it is not there', leaving, unreachable(true), ['over', 'clear-timers', 'gone']],
    ['it takes too long', leaving, { type: 'due' }, ['over', 'clear-timers', 'gone']],
    ['over is over', over, { type: 'due' }, ['over']],
  ])('%s', (_name, state, event, expected) => {
    expect(step(state, event)).toEqual(expected);
  });
});
