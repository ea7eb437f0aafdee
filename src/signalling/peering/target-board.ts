import type { Clock } from '../../kernel/clock.ts';
import type { Logger } from '../../kernel/logger.ts';
import type { Meter } from '../../kernel/meter.ts';
import type { Peer, Target } from '../peers.ts';
import type { Hop } from '../transaction-layer.ts';
import type { HopOutcome } from './hop-outcome.ts';
import { PenaltyBox } from './penalty-box.ts';

/** How a hop stands: `penalised` has failed a moment ago and is tried last. */
type Standing = 'well' | 'penalised';

export interface Place {
  readonly target: Target;
  readonly standing: Standing;
}

export interface TargetBoardOptions {
  readonly peers: readonly Peer[];
  readonly clock: Clock;
  readonly logger: Logger;
  readonly meter: Meter;
}

/** Knows where each peer can be reached and how its hops stand. Asked by every call, so it never waits. */
export interface TargetBoard {
  /** Where a call to this peer goes at this moment, best first. */
  placesOf(peer: Peer): readonly Place[];
  /** Whether a target of a peer lies there: then what comes from there answers us. */
  knows(listener: string, address: string): boolean;
  /** What a request to a hop has shown of it. */
  heard(hop: Hop, outcome: HopOutcome): void;
}

export function createTargetBoard(options: TargetBoardOptions): TargetBoard {
  return new Board(options);
}

interface KnownHop {
  readonly peer: Peer;
  readonly hop: Hop;
}

class Board implements TargetBoard {
  readonly #options: TargetBoardOptions;
  readonly #hops = new Map<string, KnownHop>();
  readonly #addresses = new Set<string>();
  readonly #penalties = new PenaltyBox();

  constructor(options: TargetBoardOptions) {
    this.#options = options;
    for (const peer of options.peers) {
      for (const { hop } of peer.targets) {
        this.#hops.set(hopKey(hop), { peer, hop });
        this.#addresses.add(`${hop.listener} ${hop.address}`);
      }
    }
  }

  placesOf(peer: Peer): readonly Place[] {
    const now = this.#options.clock.monotonic();
    return peer.targets.map((target) => ({
      target,
      standing: this.#penalties.holds(hopKey(target.hop), now) ? 'penalised' : 'well',
    }));
  }

  knows(listener: string, address: string): boolean {
    return this.#addresses.has(`${listener} ${address}`);
  }

  heard(hop: Hop, outcome: HopOutcome): void {
    const key = hopKey(hop);
    const known = this.#hops.get(key);
    if (known === undefined) return;
    if (outcome.kind === 'failed') this.#failed(key, known, outcome);
    else if (this.#penalties.release(key)) this.#options.logger.info('hop-back', describeHop(known));
  }

  #failed(key: string, known: KnownHop, outcome: Extract<HopOutcome, { kind: 'failed' }>): void {
    const { clock, logger, meter } = this.#options;
    const { cause, retryAfterSeconds } = outcome;
    const { id, penaltyMs } = known.peer;
    meter
      .counter('onrecord_hop_failures_total', 'Requests that a hop left unanswered or refused with 503', {
        ...{ peer: id, cause },
      })
      .add();
    // RFC 3261 §21.5.4: who gets Retry-After "SHOULD NOT forward any other requests to that server" until then.
    const ms =
      penaltyMs === 0 || retryAfterSeconds === null
        ? penaltyMs
        : Math.min(retryAfterSeconds * 1000, maxPenaltyMs);
    if (!this.#penalties.put(key, clock.monotonic(), ms)) return;
    logger.warn('hop-failed', { ...describeHop(known), cause, triedLastForSeconds: ms / 1000 });
  }
}

/** A Retry-After of a day would leave a trunk aside that was restarted an hour ago. */
const maxPenaltyMs = 3_600_000;

/** One name for a hop, whatever connection leads there. */
function hopKey({ listener, transport, address, port }: Hop): string {
  return `${listener} ${transport} ${address} ${port}`;
}

function describeHop({ peer, hop }: KnownHop): { peer: string; transport: string; hop: string } {
  const { transport, address, port } = hop;
  return {
    peer: peer.id,
    transport,
    hop: address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`,
  };
}
