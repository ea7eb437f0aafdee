import type { Party } from '../records/call-record.ts';

/** What one party is owed before it may be recorded. */
export type LegPlan =
  | { readonly kind: 'prompt'; readonly promptId: string }
  /** Told by others, in these words. */
  | { readonly kind: 'elsewhere'; readonly text: string };

export type ConsentPlan = Readonly<Record<Party, LegPlan>>;

/** How the playing of a prompt ended, as the media worker reports it. */
export type PromptEnd = 'whole' | 'stopped' | 'no-codec' | 'no-remote';

type LegState = 'owed' | 'playing' | 'told' | 'left' | 'failed';

export interface ConsentState {
  /** `waiting` for the answer, `telling`, then `open` (recording may run), `unproven` or `over`. */
  readonly phase: 'waiting' | 'telling' | 'open' | 'unproven' | 'over';
  readonly plan: ConsentPlan;
  readonly legs: Readonly<Record<Party, LegState>>;
}

export type ConsentEvent =
  | { readonly type: 'answered' }
  | { readonly type: 'played'; readonly party: Party; readonly end: PromptEnd }
  | { readonly type: 'ended' };

export type ConsentEffect =
  /** From here on nothing that a party says reaches the other one. */
  | { readonly type: 'close-gate' }
  | { readonly type: 'play'; readonly party: Party; readonly promptId: string }
  | { readonly type: 'stop'; readonly party: Party }
  /** Everyone owed was told: both directions open together and recording starts there. */
  | { readonly type: 'open' }
  /** Somebody could not be told: the call may go on, the recording may not. */
  | { readonly type: 'open-unrecorded' }
  | {
      readonly type: 'evidence';
      readonly party: Party;
      readonly outcome: 'told' | 'left' | 'elsewhere' | 'failed';
    };

export interface ConsentStep {
  readonly state: ConsentState;
  readonly effects: readonly ConsentEffect[];
}

const parties: readonly Party[] = ['caller', 'callee'];

export function waitingForAnswer(plan: ConsentPlan): ConsentState {
  return { phase: 'waiting', plan, legs: { caller: 'owed', callee: 'owed' } };
}

/** The telling of one call: announce on answer, open when the last prompt has ended. */
export function stepConsent(state: ConsentState, event: ConsentEvent): ConsentStep {
  switch (state.phase) {
    case 'waiting':
      return stepWaiting(state, event);
    case 'telling':
      return stepTelling(state, event);
    case 'open':
    case 'unproven':
    case 'over':
      return event.type === 'ended' ? rest(state, 'over') : { state, effects: [] };
  }
}

function stepWaiting(state: ConsentState, event: ConsentEvent): ConsentStep {
  if (event.type === 'ended') return rest(state, 'over');
  if (event.type !== 'answered') return { state, effects: [] };
  const effects: ConsentEffect[] = [];
  const legs = { ...state.legs };
  for (const party of parties) {
    const plan = state.plan[party];
    if (plan.kind === 'elsewhere') {
      legs[party] = 'told';
      effects.push({ type: 'evidence', party, outcome: 'elsewhere' });
    } else {
      legs[party] = 'playing';
      effects.push({ type: 'play', party, promptId: plan.promptId });
    }
  }
  const telling: ConsentState = { ...state, phase: 'telling', legs };
  if (allTold(telling))
    return { state: { ...telling, phase: 'open' }, effects: [...effects, { type: 'open' }] };
  return { state: telling, effects: [{ type: 'close-gate' }, ...effects] };
}

function stepTelling(state: ConsentState, event: ConsentEvent): ConsentStep {
  if (event.type === 'ended') return endWhileTelling(state);
  if (event.type !== 'played' || state.legs[event.party] !== 'playing') return { state, effects: [] };
  const { party } = event;
  const whole = event.end === 'whole';
  const evidence: ConsentEffect = { type: 'evidence', party, outcome: whole ? 'told' : 'failed' };
  const next: ConsentState = { ...state, legs: { ...state.legs, [party]: whole ? 'told' : 'failed' } };
  if (!whole) return failTelling(next, evidence);
  if (allTold(next)) return { state: { ...next, phase: 'open' }, effects: [evidence, { type: 'open' }] };
  return { state: next, effects: [evidence] };
}

/** No proof, no recording: what still plays is stopped, and its party is written down as not told. */
function failTelling(state: ConsentState, evidence: ConsentEffect): ConsentStep {
  const playing = parties.filter((party) => state.legs[party] === 'playing');
  const legs = { ...state.legs };
  const effects: ConsentEffect[] = [evidence];
  for (const party of playing) {
    legs[party] = 'failed';
    effects.push({ type: 'stop', party }, { type: 'evidence', party, outcome: 'failed' });
  }
  return { state: { ...state, phase: 'unproven', legs }, effects: [...effects, { type: 'open-unrecorded' }] };
}

function endWhileTelling(state: ConsentState): ConsentStep {
  const legs = { ...state.legs };
  const effects: ConsentEffect[] = [];
  for (const party of parties) {
    if (legs[party] !== 'playing') continue;
    legs[party] = 'left';
    effects.push({ type: 'stop', party }, { type: 'evidence', party, outcome: 'left' });
  }
  return { state: { ...state, phase: 'over', legs }, effects };
}

function allTold(state: ConsentState): boolean {
  return parties.every((party) => state.legs[party] === 'told');
}

function rest(state: ConsentState, phase: ConsentState['phase']): ConsentStep {
  return { state: { ...state, phase }, effects: [] };
}
