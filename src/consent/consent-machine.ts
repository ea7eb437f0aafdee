import type { Party } from '../records/call-record.ts';
import type { ConsentPlan, Question } from './consent-plan.ts';
import type {
  ConsentEvent,
  ConsentState,
  ConsentStep,
  LegState,
  PromptEnd,
  Withheld,
} from './consent-state.ts';
import { parties, Telling } from './telling.ts';

const untold: LegState = { progress: 'owed', asking: false, key: null, moment: 'on-answer', replaced: 0 };

export function waitingForAnswer(plan: ConsentPlan): ConsentState {
  return { phase: 'waiting', plan, legs: { caller: untold, callee: untold } };
}

/**
 * The telling of one call: who hears which prompt when, what they answer, and from when on the call is recorded.
 * Both directions open together when the last prompt has ended; recording begins when nothing more is owed.
 */
export function stepConsent(state: ConsentState, event: ConsentEvent): ConsentStep {
  const telling = new Telling(state);
  apply(telling, event);
  return telling.step;
}

function apply(telling: Telling, event: ConsentEvent): void {
  const { phase } = telling.state;
  if (phase === 'over') return;
  switch (event.type) {
    case 'early':
      if (phase === 'waiting') tellEarly(telling);
      return;
    case 'answered':
      if (phase === 'waiting' || phase === 'connecting') tellBoth(telling, 'on-answer');
      return;
    case 'demanded':
      if (phase === 'waiting') tellBoth(telling, 'on-demand');
      return;
    case 'played':
      onPlayed(telling, event.party, event.end);
      return;
    case 'key':
      onKey(telling, event.party, event.key);
      return;
    case 'expired':
      onExpired(telling, event.party);
      return;
    case 'joined':
      onJoined(telling, event.party);
      return;
    case 'ended':
      for (const party of parties) telling.drop(party, 'left', 'left');
      telling.enter('over');
      return;
  }
}

/** The caller hears its prompt before anybody is dialled; who is not owed one does not wait. */
function tellEarly(telling: Telling): void {
  const plan = telling.state.plan.caller;
  telling.enter('early');
  if (plan.kind === 'prompt' && plan.when === 'before-connect') telling.tell('caller', 'before-connect');
  else connect(telling);
}

function connect(telling: Telling): void {
  telling.enter('connecting');
  telling.emit({ type: 'connect' });
}

function tellBoth(telling: Telling, moment: 'on-answer' | 'on-demand'): void {
  const owed = parties.filter((party) => telling.leg(party).progress === 'owed');
  telling.enter('telling');
  if (owed.some((party) => telling.state.plan[party].kind === 'prompt')) telling.emit({ type: 'close-gate' });
  for (const party of owed) telling.tell(party, moment);
  goOn(telling);
}

function onPlayed(telling: Telling, party: Party, end: PromptEnd): void {
  const { progress, replaced } = telling.leg(party);
  if (end === 'stopped' && replaced > 0) {
    telling.update(party, { replaced: replaced - 1 });
    return;
  }
  if (progress !== 'playing') return;
  if (end !== 'whole') {
    telling.close(party);
    telling.update(party, { progress: 'failed' });
    telling.evidence(party, 'failed');
    withhold(telling, 'not-told', 'failed');
    return;
  }
  telling.told(party);
  goOn(telling);
}

function questionOf({ state }: Telling, party: Party): Question | null {
  const plan = state.plan[party];
  return plan.kind === 'prompt' ? plan.question : null;
}

/** A key while our question is open. Another than the one that was asked for answers nothing. */
function onKey(telling: Telling, party: Party, key: string): void {
  const question = questionOf(telling, party);
  const { asking, progress } = telling.leg(party);
  if (question === null || !asking || key !== question.key) return;
  if (question.kind === 'opt-out') {
    telling.close(party);
    if (progress === 'playing') telling.emit({ type: 'stop', party });
    telling.update(party, { progress: 'refused' });
    telling.evidence(party, 'opted-out', key);
    withhold(telling, 'opted-out', 'not-recorded');
  } else if (progress === 'playing') {
    // Who agrees to what it has not heard to the end has agreed to nothing yet.
    telling.update(party, { key });
  } else {
    telling.agreed(party, key);
    goOn(telling);
  }
}

function onExpired(telling: Telling, party: Party): void {
  const { asking, progress } = telling.leg(party);
  if (!asking || progress === 'playing') return;
  telling.close(party);
  if (progress === 'asked') {
    telling.update(party, { progress: 'refused' });
    telling.evidence(party, 'declined');
    withhold(telling, 'not-agreed', 'not-recorded');
  } else {
    telling.evidence(party, 'stayed');
  }
}

/** Who joins is told like everybody else, and nobody is recorded meanwhile. */
function onJoined(telling: Telling, party: Party): void {
  const { phase, plan } = telling.state;
  if (phase === 'open' && plan[party].kind === 'prompt') {
    telling.enter('retelling');
    telling.emit({ type: 'pause' });
    telling.emit({ type: 'close-gate' });
  } else if (phase === 'asking' && plan[party].kind === 'prompt') {
    telling.enter('telling');
    telling.emit({ type: 'close-gate' });
  } else if (!['open', 'asking', 'telling', 'retelling'].includes(phase)) {
    return;
  }
  telling.tell(party, 'joined');
  goOn(telling);
}

/** What follows once nothing plays any more. */
function goOn(telling: Telling): void {
  const { phase } = telling.state;
  const isHeard = telling.are('told', 'asked');
  const isDone = telling.are('told');
  switch (phase) {
    case 'early':
      if (telling.leg('caller').progress !== 'playing') connect(telling);
      return;
    case 'telling':
    case 'asking':
      if (isDone) {
        telling.enter('open');
        telling.emit({ type: 'open' });
      } else if (isHeard && phase === 'telling') {
        telling.enter('asking');
        telling.emit({ type: 'speak' });
      }
      return;
    case 'retelling':
      if (!isDone) return;
      telling.enter('open');
      telling.emit({ type: 'resume' });
      return;
    case 'waiting':
    case 'connecting':
    case 'open':
    case 'closed':
    case 'over':
      return;
  }
}

/** No proof, no recording: what still plays is stopped, questions are closed, and the call goes on without. */
function withhold(telling: Telling, reason: Withheld, others: 'failed' | 'not-recorded'): void {
  const { phase } = telling.state;
  for (const party of parties) telling.drop(party, others, others === 'failed' ? 'failed' : 'refused');
  telling.enter('closed');
  const began = phase === 'open' || phase === 'retelling';
  if (!began) {
    telling.emit({ type: 'open-unrecorded', reason });
    // A rule that has no call without a recording ends it here, and nobody is to be dialled for that.
    if (phase === 'early') telling.emit({ type: 'connect' });
  }
  // What was said before somebody joined stands on what everybody knew then.
  else if (reason === 'opted-out') telling.emit({ type: 'destroy', reason });
  else telling.emit({ type: 'end-recording', reason });
}
