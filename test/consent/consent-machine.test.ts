import { describe, expect, it } from 'vitest';
import {
  type ConsentEffect,
  type ConsentEvent,
  type ConsentPlan,
  stepConsent,
  waitingForAnswer,
} from '../../src/consent/consent-machine.ts';

const both: ConsentPlan = {
  caller: { kind: 'prompt', promptId: 'en' },
  callee: { kind: 'prompt', promptId: 'fr' },
};
const elsewhere: ConsentPlan = {
  caller: { kind: 'elsewhere', text: 'the PBX says so' },
  callee: { kind: 'elsewhere', text: 'the carrier says so' },
};
const callerOnly: ConsentPlan = { caller: both.caller, callee: elsewhere.callee };

function run(plan: ConsentPlan, events: readonly ConsentEvent[]) {
  let state = waitingForAnswer(plan);
  const effects: ConsentEffect[] = [];
  for (const event of events) {
    const step = stepConsent(state, event);
    state = step.state;
    effects.push(...step.effects);
  }
  return { phase: state.phase, effects: effects.map(print) };
}

function print(effect: ConsentEffect): string {
  if (effect.type === 'evidence') return `${effect.party} ${effect.outcome}`;
  if (effect.type === 'play') return `play ${effect.promptId} to ${effect.party}`;
  return effect.type === 'stop' ? `stop ${effect.party}` : effect.type;
}

const answered: ConsentEvent = { type: 'answered' };
const ended: ConsentEvent = { type: 'ended' };
const whole = (party: 'caller' | 'callee'): ConsentEvent => ({ type: 'played', party, end: 'whole' });

describe('the telling of a call', () => {
  const rows: [string, ConsentPlan, ConsentEvent[], string, string[]][] = [
    ['nothing is played before the answer', both, [], 'waiting', []],
    [
      'at the answer the gate closes and each party hears its prompt',
      both,
      [answered],
      'telling',
      ['close-gate', 'play en to caller', 'play fr to callee'],
    ],
    [
      'one prompt ended opens nothing',
      both,
      [answered, whole('caller')],
      'telling',
      ['close-gate', 'play en to caller', 'play fr to callee', 'caller told'],
    ],
    [
      'both directions open together when the last prompt has ended',
      both,
      [answered, whole('callee'), whole('caller')],
      'open',
      ['close-gate', 'play en to caller', 'play fr to callee', 'callee told', 'caller told', 'open'],
    ],
    [
      'told by others: open at the answer, with evidence',
      elsewhere,
      [answered],
      'open',
      ['caller elsewhere', 'callee elsewhere', 'open'],
    ],
    [
      'one party is told by us, the other by others',
      callerOnly,
      [answered, whole('caller')],
      'open',
      ['close-gate', 'play en to caller', 'callee elsewhere', 'caller told', 'open'],
    ],
    [
      'who hangs up in mid-prompt was not told, and neither was the other',
      both,
      [answered, ended],
      'over',
      [
        'close-gate',
        'play en to caller',
        'play fr to callee',
        'stop caller',
        'caller left',
        'stop callee',
        'callee left',
      ],
    ],
    [
      'a prompt that had ended before the hang-up was told',
      both,
      [answered, whole('caller'), ended],
      'over',
      ['close-gate', 'play en to caller', 'play fr to callee', 'caller told', 'stop callee', 'callee left'],
    ],
    [
      'no proof, no recording: a prompt that cannot be sent opens the call unrecorded',
      both,
      [answered, { type: 'played', party: 'caller', end: 'no-codec' }],
      'unproven',
      [
        'close-gate',
        'play en to caller',
        'play fr to callee',
        'caller failed',
        'stop callee',
        'callee failed',
        'open-unrecorded',
      ],
    ],
    [
      'a prompt reported twice counts once',
      both,
      [answered, whole('caller'), whole('caller')],
      'telling',
      ['close-gate', 'play en to caller', 'play fr to callee', 'caller told'],
    ],
    ['a call that ends before its answer tells nobody', both, [ended], 'over', []],
    [
      'a report after the end changes nothing',
      both,
      [answered, ended, whole('caller')],
      'over',
      [
        'close-gate',
        'play en to caller',
        'play fr to callee',
        'stop caller',
        'caller left',
        'stop callee',
        'callee left',
      ],
    ],
  ];
  it.each(rows)('%s', (_name, plan, events, phase, effects) => {
    expect(run(plan, events)).toEqual({ phase, effects });
  });
});
