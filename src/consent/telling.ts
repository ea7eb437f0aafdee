import type { Party } from '../records/call-record.ts';
import type { ConsentMoment, ConsentOutcome } from '../records/consent-record.ts';
import type { ConsentEffect, ConsentState, ConsentStep, LegState } from './consent-state.ts';

export const parties: readonly Party[] = ['caller', 'callee'];

/** One step of a call's telling in the making. The state that it began with is left as it was. */
export class Telling {
  state: ConsentState;
  readonly effects: ConsentEffect[] = [];

  constructor(state: ConsentState) {
    this.state = state;
  }

  get step(): ConsentStep {
    return { state: this.state, effects: this.effects };
  }

  emit(effect: ConsentEffect): void {
    this.effects.push(effect);
  }

  enter(phase: ConsentState['phase']): void {
    this.state = { ...this.state, phase };
  }

  leg(party: Party): LegState {
    return this.state.legs[party];
  }

  update(party: Party, change: Partial<LegState>): void {
    const legs = { ...this.state.legs, [party]: { ...this.leg(party), ...change } };
    this.state = { ...this.state, legs };
  }

  /** Whether every party is as far as one of these. */
  are(...progress: readonly LegState['progress'][]): boolean {
    return parties.every((party) => progress.includes(this.leg(party).progress));
  }

  evidence(party: Party, outcome: ConsentOutcome, key: string | null = null): void {
    this.emit({ type: 'evidence', party, outcome, moment: this.leg(party).moment, key });
  }

  /** Begins what the party is owed. */
  tell(party: Party, moment: ConsentMoment): void {
    const plan = this.state.plan[party];
    this.update(party, { moment, key: null });
    if (plan.kind === 'elsewhere') {
      this.update(party, { progress: 'told' });
      this.evidence(party, 'elsewhere');
      return;
    }
    const { progress, replaced } = this.leg(party);
    this.update(party, {
      progress: 'playing',
      replaced: progress === 'playing' ? replaced + 1 : replaced,
    });
    this.emit({ type: 'play', party, promptId: plan.promptId });
    if (plan.question === null) return;
    this.update(party, { asking: true });
    this.emit({ type: 'ask', party });
  }

  /** The prompt has ended whole: the party was told, or has yet to answer. */
  told(party: Party): void {
    const plan = this.state.plan[party];
    const { key } = this.leg(party);
    const question = plan.kind === 'prompt' ? plan.question : null;
    if (question === null) {
      this.update(party, { progress: 'told' });
      this.evidence(party, 'told');
    } else if (question.kind === 'opt-in' && key !== null) {
      this.agreed(party, key);
    } else {
      this.update(party, { progress: question.kind === 'opt-in' ? 'asked' : 'told' });
      this.emit({ type: 'await', party, withinMs: question.withinMs });
    }
  }

  agreed(party: Party, key: string): void {
    this.close(party);
    this.update(party, { progress: 'told' });
    this.evidence(party, 'agreed', key);
  }

  /** The party's keys are its own again. */
  close(party: Party): void {
    if (!this.leg(party).asking) return;
    this.update(party, { asking: false });
    this.emit({ type: 'unask', party });
  }

  /** Whatever is still open with this party ends, since there will be no recording. */
  drop(party: Party, outcome: 'failed' | 'not-recorded' | 'left', progress: LegState['progress']): void {
    const before = this.leg(party);
    const hasAnswered = before.progress === 'told' && !before.asking;
    this.close(party);
    if (before.progress === 'playing') this.emit({ type: 'stop', party });
    if (before.progress === 'playing' || before.progress === 'asked') {
      this.update(party, { progress });
      this.evidence(party, outcome);
    } else if (before.progress === 'told' && !hasAnswered) {
      // It could have refused, and has not.
      this.evidence(party, 'stayed');
    }
  }
}
