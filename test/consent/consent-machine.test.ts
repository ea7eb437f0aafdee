import { describe, expect, it } from 'vitest';
import { stepConsent, waitingForAnswer } from '../../src/consent/consent-machine.ts';
import type { ConsentPlan } from '../../src/consent/consent-plan.ts';
import type { ConsentEffect, ConsentEvent } from '../../src/consent/consent-state.ts';

const both: ConsentPlan = {
  caller: { kind: 'prompt', promptId: 'en', when: 'on-answer', question: null },
  callee: { kind: 'prompt', promptId: 'fr', when: 'on-answer', question: null },
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
  switch (effect.type) {
    case 'evidence':
      return `${effect.party} ${effect.outcome}${effect.key === null ? '' : ` by ${effect.key}`}`;
    case 'play':
      return `play ${effect.promptId} to ${effect.party}`;
    case 'stop':
    case 'ask':
    case 'unask':
      return `${effect.type} ${effect.party}`;
    case 'await':
      return `await ${effect.party} ${effect.withinMs}`;
    case 'open-unrecorded':
    case 'end-recording':
    case 'destroy':
      return effect.reason === 'not-told' ? effect.type : `${effect.type} ${effect.reason}`;
    default:
      return effect.type;
  }
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
      'closed',
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
    [
      'who asks for a recording in mid-call has both parties told before it',
      both,
      [{ type: 'demanded' }, whole('callee'), whole('caller')],
      'open',
      ['close-gate', 'play en to caller', 'play fr to callee', 'callee told', 'caller told', 'open'],
    ],
    [
      'a recording that runs cannot be asked for',
      elsewhere,
      [answered, { type: 'demanded' }],
      'open',
      ['caller elsewhere', 'callee elsewhere', 'open'],
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

const asked = (
  kind: 'opt-in' | 'opt-out',
  when: 'on-answer' | 'before-connect' = 'on-answer',
): ConsentPlan => ({
  caller: { kind: 'prompt', promptId: 'ask', when, question: { kind, key: '1', withinMs: 5000 } },
  callee: elsewhere.callee,
});
const press = (key: string, party: 'caller' | 'callee' = 'caller'): ConsentEvent => ({
  type: 'key',
  party,
  key,
});
const expired: ConsentEvent = { type: 'expired', party: 'caller' };
const early: ConsentEvent = { type: 'early' };
const joined = (party: 'caller' | 'callee'): ConsentEvent => ({ type: 'joined', party });
const stopped = (party: 'caller' | 'callee'): ConsentEvent => ({ type: 'played', party, end: 'stopped' });

/** What an event adds to what came before it. */
function last(plan: ConsentPlan, events: readonly ConsentEvent[]): { phase: string; effects: string[] } {
  const { phase, effects } = run(plan, events);
  return { phase, effects: effects.slice(run(plan, events.slice(0, -1)).effects.length) };
}

describe('an answer by a key', () => {
  const rows: [string, ConsentPlan, ConsentEvent[], string, string[]][] = [
    [
      'the question is open from the first packet of the prompt on',
      asked('opt-in'),
      [answered],
      'telling',
      ['close-gate', 'play ask to caller', 'ask caller', 'callee elsewhere'],
    ],
    [
      'opt-in: after the prompt both speak, and nothing is recorded',
      asked('opt-in'),
      [answered, whole('caller')],
      'asking',
      ['await caller 5000', 'speak'],
    ],
    [
      'opt-in: recording starts with the key',
      asked('opt-in'),
      [answered, whole('caller'), press('1')],
      'open',
      ['unask caller', 'caller agreed by 1', 'open'],
    ],
    ['another key answers nothing', asked('opt-in'), [answered, whole('caller'), press('2')], 'asking', []],
    [
      'nor does the key of who was not asked',
      asked('opt-in'),
      [answered, whole('caller'), press('1', 'callee')],
      'asking',
      [],
    ],
    [
      'opt-in: who agrees in mid-prompt still hears it to the end',
      asked('opt-in'),
      [answered, press('1'), whole('caller')],
      'open',
      ['unask caller', 'caller agreed by 1', 'open'],
    ],
    [
      'opt-in: no key in time, no recording, and the call goes on',
      asked('opt-in'),
      [answered, whole('caller'), expired],
      'closed',
      ['unask caller', 'caller declined', 'open-unrecorded not-agreed'],
    ],
    [
      'opt-in: a key after the time changes nothing',
      asked('opt-in'),
      [answered, whole('caller'), expired, press('1')],
      'closed',
      [],
    ],
    [
      'opt-in: who hangs up unanswered has not agreed',
      asked('opt-in'),
      [answered, whole('caller'), ended],
      'over',
      ['unask caller', 'caller left'],
    ],
    [
      'opt-out: recording starts after the prompt, the question stays open',
      asked('opt-out'),
      [answered, whole('caller')],
      'open',
      ['await caller 5000', 'open'],
    ],
    [
      'opt-out: the key destroys what there is',
      asked('opt-out'),
      [answered, whole('caller'), press('1')],
      'closed',
      ['unask caller', 'caller opted-out by 1', 'destroy opted-out'],
    ],
    [
      'opt-out: in mid-prompt nothing has begun',
      asked('opt-out'),
      [answered, press('1')],
      'closed',
      ['unask caller', 'stop caller', 'caller opted-out by 1', 'open-unrecorded opted-out'],
    ],
    [
      'opt-out: who lets the time pass has stayed',
      asked('opt-out'),
      [answered, whole('caller'), expired],
      'open',
      ['unask caller', 'caller stayed'],
    ],
    [
      'opt-out: after the time the key is an ordinary one',
      asked('opt-out'),
      [answered, whole('caller'), expired, press('1')],
      'open',
      [],
    ],
    [
      'opt-out: who hangs up within the time has stayed',
      asked('opt-out'),
      [answered, whole('caller'), ended],
      'over',
      ['unask caller', 'caller stayed'],
    ],
    [
      'each leg for itself: one refuses, the other is not recorded either',
      { caller: asked('opt-out').caller, callee: both.callee },
      [answered, whole('caller'), press('1')],
      'closed',
      [
        'unask caller',
        'caller opted-out by 1',
        'stop callee',
        'callee not-recorded',
        'open-unrecorded opted-out',
      ],
    ],
    [
      'both are asked: one key is not enough',
      { caller: asked('opt-in').caller, callee: asked('opt-in').caller },
      [answered, whole('caller'), whole('callee'), press('1')],
      'asking',
      ['unask caller', 'caller agreed by 1'],
    ],
  ];
  it.each(rows)('%s', (_name, plan, events, phase, effects) => {
    expect(last(plan, events)).toEqual({ phase, effects });
  });
});

describe('a prompt before anybody is dialled', () => {
  const first: ConsentPlan = {
    caller: { kind: 'prompt', promptId: 'en', when: 'before-connect', question: null },
    callee: both.callee,
  };
  const rows: [string, ConsentPlan, ConsentEvent[], string, string[]][] = [
    ['the caller hears it', first, [early], 'early', ['play en to caller']],
    ['then the callee is dialled', first, [early, whole('caller')], 'connecting', ['caller told', 'connect']],
    [
      'the callee is told on answer, the caller not again',
      first,
      [early, whole('caller'), answered],
      'telling',
      ['close-gate', 'play fr to callee'],
    ],
    [
      'and then both are open',
      first,
      [early, whole('caller'), answered, whole('callee')],
      'open',
      ['callee told', 'open'],
    ],
    [
      'where it cannot be sent the callee is dialled all the same, and nothing is recorded',
      first,
      [early, { type: 'played', party: 'caller', end: 'no-codec' }],
      'closed',
      ['caller failed', 'open-unrecorded', 'connect'],
    ],
    [
      'who gives up in mid-prompt was not told',
      first,
      [early, ended],
      'over',
      ['stop caller', 'caller left'],
    ],
    ['a caller who is owed none does not wait', both, [early], 'connecting', ['connect']],
    [
      'where there was no way to be heard early it is told on answer',
      first,
      [answered],
      'telling',
      ['close-gate', 'play en to caller', 'play fr to callee'],
    ],
    [
      'opt-in before the connection: the key may come while it rings',
      asked('opt-in', 'before-connect'),
      [early, whole('caller'), press('1'), answered],
      'open',
      ['callee elsewhere', 'open'],
    ],
    [
      'opt-out before the connection: the callee is dialled, and not told of what is not',
      { ...first, caller: asked('opt-out', 'before-connect').caller },
      [early, press('1')],
      'closed',
      ['unask caller', 'stop caller', 'caller opted-out by 1', 'open-unrecorded opted-out', 'connect'],
    ],
  ];
  it.each(rows)('%s', (_name, plan, events, phase, effects) => {
    expect(last(plan, events)).toEqual({ phase, effects });
  });
});

describe('a party that joins', () => {
  const up = [answered, whole('caller'), whole('callee')];
  const rows: [string, ConsentPlan, ConsentEvent[], string, string[]][] = [
    [
      'is told before it is recorded',
      both,
      [...up, joined('callee')],
      'retelling',
      ['pause', 'close-gate', 'play fr to callee'],
    ],
    [
      'and recorded after it',
      both,
      [...up, joined('callee'), whole('callee')],
      'open',
      ['callee told', 'resume'],
    ],
    [
      'that cannot be told ends the recording, and what was said before stays',
      both,
      [...up, joined('callee'), { type: 'played', party: 'callee', end: 'no-codec' }],
      'closed',
      ['callee failed', 'end-recording'],
    ],
    [
      'and another one right after it hears the prompt from its beginning',
      both,
      [...up, joined('callee'), joined('callee')],
      'retelling',
      ['play fr to callee'],
    ],
    [
      "whose predecessor's prompt was cut off for it has still to hear its own",
      both,
      [...up, joined('callee'), joined('callee'), stopped('callee')],
      'retelling',
      [],
    ],
    ['told by others is written down', elsewhere, [answered, joined('caller')], 'open', ['caller elsewhere']],
    [
      'while the other one still listens is told, too',
      both,
      [answered, whole('caller'), joined('caller')],
      'telling',
      ['play en to caller'],
    ],
    [
      'is asked like everybody else, and recorded once it agrees',
      asked('opt-in'),
      [answered, whole('caller'), press('1'), joined('caller'), whole('caller'), press('1')],
      'open',
      ['unask caller', 'caller agreed by 1', 'resume'],
    ],
    [
      'and does not agree ends the recording, which stays as far as it came',
      asked('opt-in'),
      [answered, whole('caller'), press('1'), joined('caller'), whole('caller'), expired],
      'closed',
      ['unask caller', 'caller declined', 'end-recording not-agreed'],
    ],
    ['before the answer nobody has joined', both, [joined('callee')], 'waiting', []],
    [
      'a call without a recording tells nobody',
      both,
      [answered, stopped('caller'), joined('caller')],
      'closed',
      [],
    ],
  ];
  it.each(rows)('%s', (_name, plan, events, phase, effects) => {
    expect(last(plan, events)).toEqual({ phase, effects });
  });
});
