import type { Clock, MonotonicMs } from '../../kernel/clock.ts';
import type { RandomBytes } from '../../kernel/ids.ts';
import type { Logger } from '../../kernel/logger.ts';
import type { Meter } from '../../kernel/meter.ts';
import type { Schedule } from '../../kernel/timers.ts';
import { type Draw, drawOrder } from '../locate/draw-order.ts';
import type { Locator } from '../locate/locator.ts';
import type { Peer, Target } from '../peers.ts';
import type { Hop } from '../transaction-layer.ts';
import type { HopOutcome } from './hop-outcome.ts';
import { KeepAlives, type Ping } from './keep-alives.ts';
import { describeHop, hopKey, type KnownHop } from './known-hop.ts';
import { PenaltyBox } from './penalty-box.ts';
import type { ResolutionPhase } from './resolution-machine.ts';
import { TargetResolution } from './target-resolution.ts';

/** How a hop stands: `penalised` has failed a moment ago, `down` answers no OPTIONS. Both are tried last, in this order. */
export type Standing = 'well' | 'penalised' | 'down';

export interface Place {
  readonly target: Target;
  readonly standing: Standing;
}

export interface TargetBoardOptions {
  readonly peers: readonly Peer[];
  readonly locator: Locator;
  readonly clock: Clock;
  readonly schedule: Schedule;
  readonly random: RandomBytes;
  readonly logger: Logger;
  readonly meter: Meter;
}

/** Knows where each peer can be reached and how its hops stand. Asked by every call, so it never waits. */
export interface TargetBoard {
  /** Begins to keep names resolved. Resolves when each was looked up once, or after a moment. */
  start(): Promise<void>;
  /** Begins to ask the hops of peers that want it for signs of life. */
  watch(ping: Ping): void;
  /** Where a call to this peer goes at this moment, best first. */
  placesOf(peer: Peer): readonly Place[];
  /** Whether a target of a peer lies there, or did: then what comes from there answers us. */
  knows(listener: string, address: string): boolean;
  /** What a request to a hop has shown of it. */
  heard(hop: Hop, outcome: HopOutcome): void;
  close(): void;
}

export function createTargetBoard(options: TargetBoardOptions): TargetBoard {
  return new Board(options);
}

/** A Retry-After of a day would leave a trunk aside that was restarted an hour ago. */
const maxPenaltyMs = 3_600_000;
/** Addresses that names stood for once: calls that were set up with them go on. */
const maxFormerAddresses = 256;

class Board implements TargetBoard {
  readonly #options: TargetBoardOptions;
  readonly #resolutions: ReadonlyMap<Peer, readonly TargetResolution[]>;
  readonly #hops = new Map<string, KnownHop>();
  /** Of all hops that are and some that were, the newest last. */
  readonly #addresses = new Set<string>();
  readonly #penalties = new PenaltyBox();
  readonly #peersUp = new Map<string, boolean>();
  #keepAlives: KeepAlives | null = null;
  readonly #draw: Draw;

  constructor(options: TargetBoardOptions) {
    this.#options = options;
    this.#draw = drawFrom(options.random);
    this.#resolutions = new Map(
      options.peers.map((peer) => [
        peer,
        peer.targets.map(
          (target) =>
            new TargetResolution({
              ...{ ...options, peer, target },
              changed: () => {
                this.#adopt();
              },
            }),
        ),
      ]),
    );
    this.#adopt();
  }

  async start(): Promise<void> {
    await Promise.all([...this.#resolutions.values()].flat().map((resolution) => resolution.start()));
  }

  watch(ping: Ping): void {
    this.#keepAlives = new KeepAlives({
      ...{ ...this.#options, ping },
      changed: () => {
        this.#showPeers();
      },
    });
    this.#keepAlives.watch(this.#hops);
  }

  close(): void {
    this.#keepAlives?.close();
    for (const resolution of [...this.#resolutions.values()].flat()) resolution.close();
  }

  placesOf(peer: Peer): readonly Place[] {
    const now = this.#options.clock.monotonic();
    const places = new Map<string, Place>();
    for (const resolution of this.#resolutions.get(peer) ?? []) {
      for (const group of resolution.groups) {
        for (const target of drawOrder(group, this.#draw).flatMap((server) => resolution.targetsOf(server))) {
          const key = hopKey(target.hop);
          if (places.has(key)) continue;
          places.set(key, { target, standing: this.#standingOf(key, now) });
        }
      }
    }
    return [...places.values()];
  }

  #standingOf(key: string, now: MonotonicMs): Standing {
    if (this.#keepAlives?.isDown(key) === true) return 'down';
    return this.#penalties.holds(key, now) ? 'penalised' : 'well';
  }

  knows(listener: string, address: string): boolean {
    return this.#addresses.has(`${listener} ${address}`);
  }

  heard(hop: Hop, outcome: HopOutcome): void {
    const key = hopKey(hop);
    const known = this.#hops.get(key);
    if (known === undefined) return;
    if (outcome.kind === 'failed') {
      this.#failed(key, known, outcome);
      return;
    }
    this.#keepAlives?.served(key);
    if (this.#penalties.release(key)) this.#options.logger.info('hop-back', describeHop(known));
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

  /** Takes the hops as they are now; what is known of one that went is forgotten, but for its address. */
  #adopt(): void {
    const before = [...this.#hops.keys()];
    this.#hops.clear();
    for (const [peer, resolutions] of this.#resolutions) {
      for (const target of resolutions.flatMap((resolution) => resolution.targets())) {
        const { hop } = target;
        this.#hops.set(hopKey(hop), { peer, target });
        const address = `${hop.listener} ${hop.address}`;
        this.#addresses.delete(address);
        this.#addresses.add(address);
      }
    }
    this.#keepAlives?.watch(this.#hops);
    this.#showPhases();
    this.#showPeers();
    for (const key of before) if (!this.#hops.has(key)) this.#penalties.release(key);
    for (const address of this.#addresses) {
      if (this.#addresses.size <= this.#hops.size + maxFormerAddresses) break;
      this.#addresses.delete(address);
    }
  }

  /** A peer is up while one of its hops is. */
  #showPeers(): void {
    const { logger, meter, peers } = this.#options;
    const standing = [...this.#hops].filter(([key]) => this.#keepAlives?.isDown(key) !== true);
    const upPeers = new Set(standing.map(([, { peer }]) => peer));
    for (const peer of peers) {
      const up = upPeers.has(peer);
      meter
        .gauge('onrecord_peer_up', 'Whether a peer has a hop that is not down', { peer: peer.id })
        .set(Number(up));
      const before = this.#peersUp.get(peer.id);
      this.#peersUp.set(peer.id, up);
      if (before === undefined || before === up) continue;
      if (up) logger.info('peer-up', { peer: peer.id });
      else logger.error('peer-down', { peer: peer.id });
    }
  }

  #showPhases(): void {
    const { meter } = this.#options;
    const phases = [...this.#resolutions.values()].flat().map(({ phase }) => phase);
    const count = (...wanted: ResolutionPhase[]): number =>
      phases.filter((one) => wanted.includes(one)).length;
    meter
      .gauge('onrecord_targets_stale', 'Targets whose DNS answers have expired and cannot be had anew')
      .set(count('stale'));
    meter
      .gauge('onrecord_targets_unresolved', 'Targets whose name leads nowhere')
      .set(count('unknown', 'lost'));
  }
}

function drawFrom(random: RandomBytes): Draw {
  return (most) => {
    const [a = 0, b = 0, c = 0, d = 0] = random(4);
    return Math.floor((((a * 256 + b) * 256 + c) * 256 + d) * ((most + 1) / 2 ** 32));
  };
}
