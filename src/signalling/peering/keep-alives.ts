import type { RandomBytes } from '../../kernel/ids.ts';
import type { Logger } from '../../kernel/logger.ts';
import { namedTimers, type Schedule, type Timers } from '../../kernel/timers.ts';
import { type KeepAliveEvent, presumedUp, stepKeepAlive } from './keep-alive-machine.ts';
import { describeHop, type KnownHop } from './known-hop.ts';

/** Asks a hop for a sign of life; `told` is called at most once. */
export type Ping = (hop: KnownHop, told: (alive: boolean) => void) => void;

export interface KeepAlivesOptions {
  readonly ping: Ping;
  readonly schedule: Schedule;
  readonly random: RandomBytes;
  readonly logger: Logger;
  /** A hop went down or came up. */
  readonly changed: () => void;
}

/** Keep-alive of all hops of peers that want it (`optionsSeconds`). */
export class KeepAlives {
  readonly #options: KeepAlivesOptions;
  readonly #hops = new Map<string, HopKeepAlive>();

  constructor(options: KeepAlivesOptions) {
    this.#options = options;
  }

  /** Asks these hops from now on, and no others. */
  watch(hops: ReadonlyMap<string, KnownHop>): void {
    for (const [key, watched] of this.#hops) {
      if (hops.has(key)) continue;
      watched.close();
      this.#hops.delete(key);
    }
    for (const [key, hop] of hops) {
      const { optionsMs } = hop.peer;
      if (optionsMs === null || this.#hops.has(key)) continue;
      this.#hops.set(key, new HopKeepAlive(this.#options, hop, optionsMs));
    }
  }

  isDown(key: string): boolean {
    return this.#hops.get(key)?.up === false;
  }

  served(key: string): void {
    this.#hops.get(key)?.step({ type: 'served' });
  }

  close(): void {
    this.watch(new Map());
  }
}

class HopKeepAlive {
  readonly #options: KeepAlivesOptions;
  readonly #hop: KnownHop;
  readonly #intervalMs: number;
  readonly #timers: Timers<'due' | 'answer'>;
  #state = presumedUp;
  /** Of the ping whose answer is awaited; an answer to an older one comes too late. */
  #pings = 0;

  constructor(options: KeepAlivesOptions, hop: KnownHop, intervalMs: number) {
    this.#options = options;
    this.#hop = hop;
    this.#intervalMs = intervalMs;
    this.#timers = namedTimers(options.schedule, (name) => {
      if (name === 'due') this.step({ type: 'due' });
      else this.#told(false);
    });
    // The first within one interval, hops of one start apart from each other.
    this.#timers.set('due', this.#jitter() * Math.min(intervalMs, firstWithinMs));
  }

  get up(): boolean {
    return this.#state.up;
  }

  close(): void {
    this.#pings += 1;
    this.#timers.clearAll();
  }

  step(event: KeepAliveEvent): void {
    const { state, effects } = stepKeepAlive(this.#state, event, this.#intervalMs);
    this.#state = state;
    for (const effect of effects) {
      switch (effect.do) {
        case 'ping':
          this.#ping();
          break;
        case 'wait':
          this.#timers.set('due', effect.ms);
          break;
        case 'tell':
          this.#tell(effect.up);
      }
    }
  }

  #ping(): void {
    this.#pings += 1;
    const ping = this.#pings;
    // Timer F is 32 s (RFC 3261 §17.1.2.2): who takes longer than for an INVITE is not there for calls.
    this.#timers.set('answer', Math.min(this.#hop.peer.inviteTimeoutMs, this.#intervalMs));
    this.#options.ping(this.#hop, (alive) => {
      if (ping === this.#pings) this.#told(alive);
    });
  }

  #told(alive: boolean): void {
    this.#pings += 1;
    this.#timers.clear('answer');
    this.step({ type: alive ? 'answered' : 'unanswered', jitter: this.#jitter() });
  }

  #tell(up: boolean): void {
    const { logger, changed } = this.#options;
    if (up) logger.info('hop-up', describeHop(this.#hop));
    else logger.warn('hop-down', describeHop(this.#hop));
    changed();
  }

  #jitter(): number {
    const [byte = 0] = this.#options.random(1);
    return byte / 255;
  }
}

const firstWithinMs = 2000;
