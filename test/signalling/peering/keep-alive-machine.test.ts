import { describe, expect, it } from 'vitest';
import {
  type KeepAliveEvent,
  type KeepAliveState,
  presumedUp,
  stepKeepAlive,
} from '../../../src/signalling/peering/keep-alive-machine.ts';

const answered: KeepAliveEvent = { type: 'answered', jitter: 0.5 };
const unanswered: KeepAliveEvent = { type: 'unanswered', jitter: 0.5 };
const down: KeepAliveState = { up: false, against: 0 };

/** State after, as `up 1`; then what is done. */
function step(state: KeepAliveState, event: KeepAliveEvent, intervalMs = 30_000): string[] {
  const { state: after, effects } = stepKeepAlive(state, event, intervalMs);
  const done = effects.map((effect) => {
    if (effect.do === 'wait') return `wait ${effect.ms}`;
    return effect.do === 'tell' ? `tell ${effect.up ? 'up' : 'down'}` : 'ping';
  });
  return [`${after.up ? 'up' : 'down'} ${after.against}`, ...done];
}

describe('a hop that is asked', () => {
  it.each<[string, KeepAliveState, KeepAliveEvent, string[]]>([
    ['its time has come', presumedUp, { type: 'due' }, ['up 0', 'ping']],
    ['up: answered', presumedUp, answered, ['up 0', 'wait 30000']],
    ['up: one miss is nothing, but asked again sooner', presumedUp, unanswered, ['up 1', 'wait 5000']],
    ['up: two misses', { up: true, against: 1 }, unanswered, ['up 2', 'wait 5000']],
    [
      'up: the third takes it down',
      { up: true, against: 2 },
      unanswered,
      ['down 0', 'tell down', 'wait 30000'],
    ],
    ['up: an answer clears the doubt', { up: true, against: 2 }, answered, ['up 0', 'wait 30000']],
    ['down: still silent', down, unanswered, ['down 0', 'wait 30000']],
    ['down: one answer is nothing yet', down, answered, ['down 1', 'wait 5000']],
    ['down: silent again', { up: false, against: 1 }, unanswered, ['down 0', 'wait 30000']],
    ['down: the second brings it up', { up: false, against: 1 }, answered, ['up 0', 'tell up', 'wait 30000']],
    ['down: it has answered a call', down, { type: 'served' }, ['up 0', 'tell up']],
    ['up and in doubt: it has answered a call', { up: true, against: 2 }, { type: 'served' }, ['up 0']],
  ])('%s', (_name, state, event, expected) => {
    expect(step(state, event)).toEqual(expected);
  });

  it.each([
    [0, 24_000],
    [0.5, 30_000],
    [1, 36_000],
  ])('the interval and up to a fifth more or less: %f gives %i ms', (jitter, ms) => {
    expect(step(presumedUp, { type: 'answered', jitter })).toEqual(['up 0', `wait ${ms}`]);
  });

  it('in doubt an interval that is shorter than five seconds stays', () => {
    expect(step(presumedUp, unanswered, 2000)).toEqual(['up 1', 'wait 2000']);
  });
});
