import type { Party } from '../records/call-record.ts';
import type { Dialog } from '../sip/dialog.ts';
import type { Passage } from './privacy.ts';
import type { CallEffect, CallState, Exchange, Leg, TimerName } from './call-state.ts';

/**
 * One step of a call in the making: the state so far and what is to be done. States are never written to, so
 * a step leaves the one it began with as it was.
 */
export class Turn {
  call: CallState;
  readonly effects: CallEffect[] = [];

  constructor(call: CallState) {
    this.call = call;
  }

  update(change: Partial<CallState>): void {
    this.call = { ...this.call, ...change };
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
    this.call = { ...this.call, [party]: { ...leg, ...change } };
  }

  /** What passes to this party comes from the other one. */
  passageTo(party: Party): Passage {
    const [from, to] = [this.call[otherParty(party)], this.call[party]];
    return {
      fromTrusted: from?.peer.trusted ?? false,
      toTrusted: to?.peer.trusted ?? false,
      host: to?.peer.host ?? '',
    };
  }

  updateExchange(change: Partial<Exchange>): void {
    if (this.call.exchange === null) return;
    this.call = { ...this.call, exchange: { ...this.call.exchange, ...change } };
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
