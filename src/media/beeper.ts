import type { Clock, MonotonicMs } from '../kernel/clock.ts';
import type { Schedule } from '../kernel/timers.ts';
import type { Leg } from './leg.ts';

/** A call in which tones are heard. */
export interface BeepedCall {
  readonly legs: readonly [Leg, Leg];
  /** A tone may sound now. */
  readonly mayBeep: boolean;
}

export interface BeeperTools {
  readonly clock: Clock;
  readonly schedule: Schedule;
  /** Plays the tone to the party, in the place of what it would hear. */
  readonly play: (leg: Leg) => void;
  /** Our own bug. */
  readonly fault: () => void;
}

/** What a key's updates are never further apart than (RFC 4733 §2.5.1.1 has 50 ms): one may still be down. */
const keyMs = 300;
/** Whose G.711 was heard so short ago speaks on: no packet of telephony is longer. */
const speakingMs = 100;

/** The tones of one recording: at whole multiples of the interval since it began, whatever the timers do. */
export class Beeper {
  readonly #call: BeepedCall;
  readonly #everyMs: number;
  readonly #tools: BeeperTools;
  readonly #begunAt: MonotonicMs;
  #cancel: () => void = () => undefined;

  constructor(call: BeepedCall, everyMs: number, tools: BeeperTools) {
    this.#call = call;
    this.#everyMs = everyMs;
    this.#tools = tools;
    this.#begunAt = tools.clock.monotonic();
    this.#await(1);
  }

  /** The tone that sounds now is over. */
  hush(): void {
    for (const { tone, player } of this.#call.legs) {
      tone.stop();
      if (player?.kind === 'beep') player.stop();
    }
  }

  stop(): void {
    this.#cancel();
    this.hush();
  }

  #await(count: number): void {
    const { clock, schedule, fault } = this.#tools;
    const dueAt = this.#begunAt + count * this.#everyMs;
    this.#cancel = schedule(Math.max(0, dueAt - clock.monotonic()), () => {
      this.#await(count + 1);
      try {
        this.#sound(clock.monotonic());
      } catch {
        fault();
      }
    });
  }

  #sound(now: MonotonicMs): void {
    const { legs, mayBeep } = this.#call;
    if (!mayBeep) return;
    for (const leg of legs) {
      const talker = legs[leg.index === 0 ? 1 : 0];
      if (now - talker.spokeAt <= speakingMs) leg.tone.start();
      else if (now - talker.keyHeardAt > keyMs) this.#tools.play(leg);
    }
  }
}
