import { isIP } from 'node:net';
import type { Clock } from '../../kernel/clock.ts';
import type { Logger } from '../../kernel/logger.ts';
import type { Schedule } from '../../kernel/timers.ts';
import { bareHost } from '../../sip/via.ts';
import { type Located, locate, type Server } from '../locate/locate.ts';
import type { Locator } from '../locate/locator.ts';
import type { Peer, PeerTarget, Target } from '../peers.ts';
import {
  type ResolutionEvent,
  type ResolutionPhase,
  stepResolution,
  unresolved,
} from './resolution-machine.ts';

export interface TargetResolutionOptions {
  readonly peer: Peer;
  readonly target: PeerTarget;
  readonly locator: Locator;
  readonly clock: Clock;
  readonly schedule: Schedule;
  readonly logger: Logger;
  /** Its servers or its phase are others now. */
  readonly changed: () => void;
}

/** How long a start waits for the first answer; DNS that is down must not keep a node from starting. */
const firstAnswerMs = 3000;

/** One target and the servers that it stands for: at once and for good where it is an address. */
export class TargetResolution {
  readonly #options: TargetResolutionOptions;
  #state = unresolved;
  #cancel: () => void = () => undefined;
  #first: () => void = () => undefined;
  #open = true;

  constructor(options: TargetResolutionOptions) {
    this.#options = options;
    const located = locate(options.target, new Map());
    if (located.kind === 'located') {
      this.#state = { phase: 'fresh', groups: located.groups, failures: 0 };
    }
  }

  get groups(): Located['groups'] {
    return this.#state.groups;
  }

  get phase(): ResolutionPhase {
    return this.#state.phase;
  }

  /** Resolves with the first answer, or after a moment. */
  async start(): Promise<void> {
    if (this.#state.phase !== 'unknown') return;
    await new Promise<void>((resolve) => {
      const cancel = this.#options.schedule(firstAnswerMs, resolve);
      this.#first = () => {
        cancel();
        resolve();
      };
      this.#step({ type: 'due' });
    });
  }

  close(): void {
    this.#open = false;
    this.#cancel();
    this.#first();
  }

  targets(): Target[] {
    return this.groups.flat().flatMap((server) => this.targetsOf(server));
  }

  targetsOf({ port, addresses }: Server): Target[] {
    const { target } = this.#options;
    const { listener, transport, host } = target;
    const named = isIP(bareHost(host)) === 0 ? { name: host } : {};
    return addresses.map((address) => ({
      ...{ host, port: target.port, hop: { listener, transport, address, port, ...named } },
    }));
  }

  #step(event: ResolutionEvent): void {
    const { state, effects } = stepResolution(this.#state, event);
    this.#state = state;
    for (const effect of effects) {
      switch (effect.do) {
        case 'locate':
          void this.#locate();
          break;
        case 'wait':
          this.#cancel = this.#options.schedule(effect.ms, () => {
            this.#step({ type: 'due' });
          });
          break;
        case 'tell':
          this.#tell();
      }
    }
  }

  async #locate(): Promise<void> {
    const { locator, target, clock } = this.#options;
    const located = await locator(target);
    if (!this.#open) return;
    const refreshMs = located.refreshAt === null ? null : located.refreshAt - clock.monotonic();
    this.#step({ type: 'located', located, refreshMs });
    this.#first();
  }

  #tell(): void {
    const { phase } = this.#state;
    const { logger, peer, target } = this.#options;
    const fields = { peer: peer.id, target: target.host, hops: this.targets().length };
    if (phase === 'fresh') logger.info('target-resolved', fields);
    else if (phase === 'stale') logger.warn('target-stale', fields);
    else logger.error('target-unreachable-by-name', fields);
    this.#options.changed();
  }
}
