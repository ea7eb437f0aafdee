import { stepConsent, waitingForAnswer } from '../../consent/consent-machine.ts';
import type { ConsentPlan } from '../../consent/consent-plan.ts';
import type { ConsentEffect, ConsentEvent, ConsentState, Withheld } from '../../consent/consent-state.ts';
import type { Schedule } from '../../kernel/timers.ts';
import type { PlayReport } from '../../media/protocol.ts';
import type { Party } from '../../records/call-record.ts';

/** What the telling of a call asks of the rest of it. */
export interface ConsentHooks {
  readonly schedule: Schedule;
  gate(open: boolean): void;
  play(party: Party, promptId: string): void;
  stop(party: Party): void;
  /** Whether the party's keys are ours. */
  ask(party: Party, on: boolean): void;
  /** The caller was told before anybody else: the callee is dialled. */
  connect(): void;
  /** Everyone is told, and somebody has yet to agree: they speak, and nothing of it is recorded. */
  asked(): void;
  /** Everyone is told: recording starts here. */
  opened(): void;
  /** Nobody is recorded meanwhile. */
  paused(): void;
  resumed(): void;
  /** `withheld`: there will be none. `ended`: what there is stays. `destroyed`: it does not. */
  unrecorded(how: 'withheld' | 'ended' | 'destroyed', reason: Withheld): void;
  evidence(
    effect: Extract<ConsentEffect, { readonly type: 'evidence' }>,
    plan: ConsentPlan[Party],
    report: PlayReport | null,
  ): void;
}

/** The telling of one call: carries out what its machine decides. */
export class CallConsent {
  readonly #hooks: ConsentHooks;
  readonly #reports = new Map<Party, PlayReport>();
  readonly #deadlines = new Map<Party, () => void>();
  #state: ConsentState;

  constructor(plan: ConsentPlan, hooks: ConsentHooks) {
    this.#state = waitingForAnswer(plan);
    this.#hooks = hooks;
  }

  /** Nothing is owed any more. */
  get isOpen(): boolean {
    return this.#state.phase === 'open';
  }

  /** The parties are being told and asked, or were; and nothing keeps them from being recorded so far. */
  get isUnderWay(): boolean {
    return ['telling', 'asking', 'open', 'retelling'].includes(this.#state.phase);
  }

  played(party: Party, report: PlayReport): void {
    this.#reports.set(party, report);
    this.step({ type: 'played', party, end: report.end });
  }

  step(event: ConsentEvent): void {
    const { state, effects } = stepConsent(this.#state, event);
    this.#state = state;
    for (const effect of effects) this.#carryOut(effect);
  }

  #carryOut(effect: ConsentEffect): void {
    const hooks = this.#hooks;
    switch (effect.type) {
      case 'close-gate':
        hooks.gate(false);
        return;
      case 'speak':
        hooks.asked();
        hooks.gate(true);
        return;
      case 'play':
        this.#reports.delete(effect.party);
        hooks.play(effect.party, effect.promptId);
        return;
      case 'stop':
        hooks.stop(effect.party);
        return;
      case 'ask':
      case 'unask':
        this.#forgetDeadline(effect.party);
        hooks.ask(effect.party, effect.type === 'ask');
        return;
      case 'await':
        this.#await(effect.party, effect.withinMs);
        return;
      case 'connect':
        hooks.connect();
        return;
      case 'open':
        hooks.opened();
        return;
      case 'pause':
        hooks.paused();
        return;
      case 'resume':
        hooks.gate(true);
        hooks.resumed();
        return;
      case 'open-unrecorded':
        hooks.gate(true);
        hooks.unrecorded('withheld', effect.reason);
        return;
      case 'end-recording':
        hooks.unrecorded('ended', effect.reason);
        hooks.gate(true);
        return;
      case 'destroy':
        hooks.unrecorded('destroyed', effect.reason);
        hooks.gate(true);
        return;
      case 'evidence':
        hooks.evidence(effect, this.#state.plan[effect.party], this.#reports.get(effect.party) ?? null);
        return;
    }
  }

  #await(party: Party, withinMs: number): void {
    this.#forgetDeadline(party);
    const cancel = this.#hooks.schedule(withinMs, () => {
      this.#deadlines.delete(party);
      this.step({ type: 'expired', party });
    });
    this.#deadlines.set(party, cancel);
  }

  #forgetDeadline(party: Party): void {
    this.#deadlines.get(party)?.();
    this.#deadlines.delete(party);
  }
}
