import type { Party } from '../records/call-record.ts';
import type { Dialog } from '../sip/dialog.ts';
import type { Passage } from './privacy.ts';
import type { CallEffect, CallState, Exchange, Fork, Leg, TimerName } from './call-state.ts';
import type { Side, Talk } from './dialog-side.ts';

/**
 * One step of a call in the making: the state so far, on a copy of its own, and what is to be done. So a step
 * leaves the state that it began with as it was, legs and all: they are replaced, never written to.
 */
export class Turn {
  readonly call: CallState;
  readonly effects: CallEffect[] = [];

  constructor(call: CallState) {
    this.call = { ...call };
  }

  update(change: Partial<CallState>): void {
    Object.assign(this.call, change);
  }

  leg(party: Party): Leg | null {
    return this.call[party];
  }

  /** The leg's dialog; null before there is one. */
  dialog(party: Party): Dialog | null {
    return this.call[party]?.dialog ?? null;
  }

  updateLeg(party: Party, change: Partial<Leg>): void {
    const leg = this.call[party];
    if (leg === null) return;
    this.update({ [party]: { ...leg, ...change } });
  }

  /** A party's side of a fork; of the confirmed dialog where `at` is null, or names the fork that has won. */
  side(party: Party, at: string | null): Side | null {
    const side = this.fork(at)?.[party] ?? null;
    if (side === null || (party === 'caller' && this.isAnswered)) {
      const leg = this.call[party];
      return leg === null || side === null ? leg : { ...leg, talk: side.talk };
    }
    return side;
  }

  /**
   * Whether the caller is in its one dialog, whatever forks the callee has: of those it has only how far our INVITE has
   * come there.
   */
  get isAnswered(): boolean {
    return this.call.caller.dialog !== null;
  }

  /** Whether one fork has answered: those that are left have lost. */
  get isConnected(): boolean {
    return this.call.phase === 'answered' || this.call.phase === 'up';
  }

  /** Our tag in the dialog with the caller that this fork goes with. */
  callerTagOf(at: string | null): string | undefined {
    return (this.fork(at)?.caller.dialog ?? this.call.caller.dialog)?.localTag;
  }

  fork(at: string | null): Fork | null {
    return this.call.forks.find(({ callerTag }) => callerTag === at) ?? null;
  }

  updateSide(party: Party, at: string | null, change: Partial<Side>): void {
    const fork = this.fork(at);
    if (fork === null) {
      this.updateLeg(party, change);
    } else if (party === 'caller' && this.isAnswered) {
      const { talk = fork.caller.talk, ...ofLeg } = change;
      this.updateLeg(party, ofLeg);
      this.updateFork(fork, { caller: { ...fork.caller, talk } });
    } else this.updateFork(fork, { [party]: { ...fork[party], ...change } });
  }

  updateFork(fork: Fork, change: Partial<Fork>): void {
    const updated = { ...fork, ...change };
    const forks = this.call.forks.map((one) => (one.callerTag === fork.callerTag ? updated : one));
    this.update({ forks });
  }

  /** What has become, in one dialog, of the newest INVITE that this party sent. */
  updateTalk(party: Party, at: string | null, change: Partial<Talk>): void {
    const talk = this.side(party, at)?.talk;
    if (talk !== undefined && talk !== null) this.updateSide(party, at, { talk: { ...talk, ...change } });
  }

  /** What passes to this party comes from the other one. */
  passageTo(party: Party): Passage {
    const [from, to] = [this.call[otherParty(party)], this.call[party]];
    return {
      fromTrusted: from?.peer.trusted ?? false,
      toTrusted: to?.peer.trusted ?? false,
      host: to?.peer.host ?? '',
      controlHeaders: [from?.peer.recordHeader, to?.peer.recordHeader].filter(isGiven),
    };
  }

  updateExchange(change: Partial<Exchange>): void {
    const { exchange } = this.call;
    if (exchange !== null) this.update({ exchange: { ...exchange, ...change } });
  }

  emit(effect: CallEffect): void {
    this.effects.push(effect);
  }

  setTimer(name: TimerName, delayMs: number): void {
    this.emit({ type: 'set-timer', name, delayMs });
  }

  clearTimer(name: TimerName): void {
    this.emit({ type: 'clear-timer', name });
  }

  /** A name for a client transaction, new in this call. */
  nextClient(): string {
    const { serial } = this.call;
    this.update({ serial: serial + 1 });
    return `c${serial}`;
  }
}

export function otherParty(party: Party): Party {
  return party === 'caller' ? 'callee' : 'caller';
}

function isGiven(name: string | null | undefined): name is string {
  return name !== null && name !== undefined;
}
