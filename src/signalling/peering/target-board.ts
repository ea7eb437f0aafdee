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
  /** Route of requests that begin a call there (RFC 3608 §5). */
  readonly routes: readonly string[];
}

/** Those that stand well, then the others: calls go where they can. */
export function bestFirst<One extends { readonly standing: Standing }>(places: readonly One[]): One[] {
  return (['well', 'penalised', 'down'] as const).flatMap((wanted) =>
    places.filter(({ standing }) => standing === wanted),
  );
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
  /** Where a call to this peer goes at this moment, in the order of failover; where we are registered, first there. */
  placesOf(peer: Peer): readonly Place[];
  /** Whether a target of a peer lies there, or did: then what comes from there answers us. */
  knows(listener: string, address: string): boolean;
  /** The peer that we register with at this address; null: none, or it is not for the address to say which. */
  registrarAt(listener: string, address: string): Peer | null;
  /** What a request to a hop has shown of it. */
  heard(hop: Hop, outcome: HopOutcome): void;
  /** We are registered with the peer by way of this hop; its calls go there, with these routes. */
  bound(peer: Peer, hop: Hop, routes: readonly string[]): void;
  unbound(peer: Peer): void;
  close(): void;
}

export function createTargetBoard(options: TargetBoardOptions): TargetBoard {
  return new Board(options);
}

/** Where we are registered. */
interface Binding {
  readonly key: string;
  readonly routes: readonly string[];
}

/** A Retry-After of a day would leave a trunk aside that was restarted an hour ago. */
const maxPenaltyMs = 3_600_000;
/** Addresses that names stood for once: calls that were set up with them go on. */
const maxFormerAddresses = 256;

class Board implements TargetBoard {
  readonly #options: TargetBoardOptions;
  readonly #resolutions: ReadonlyMap<Peer, readonly TargetResolution[]>;
  /** By hop; two peers may share one. */
  readonly #hops = new Map<string, KnownHop[]>();
  /** Of all hops that are and some that were, the newest last. */
  readonly #addresses = new Set<string>();
  readonly #penalties = new PenaltyBox();
  readonly #bindings = new Map<Peer, Binding>();
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
    this.#keepAlives.watch(this.#watched());
  }

  close(): void {
    this.#keepAlives?.close();
    for (const resolution of [...this.#resolutions.values()].flat()) resolution.close();
  }

  placesOf(peer: Peer): readonly Place[] {
    const now = this.#options.clock.monotonic();
    const places = new Map<string, Place>();
    const binding = this.#bindings.get(peer);
    for (const resolution of this.#resolutions.get(peer) ?? []) {
      for (const group of resolution.groups) {
        for (const target of drawOrder(group, this.#draw).flatMap((server) => resolution.targetsOf(server))) {
          const key = hopKey(target.hop);
          if (places.has(key)) continue;
          const routes = binding?.key === key ? binding.routes : [];
          places.set(key, { target, standing: this.#standingOf(key, now), routes });
        }
      }
    }
    const first = places.get(binding?.key ?? '');
    return first === undefined
      ? [...places.values()]
      : [first, ...[...places.values()].filter((one) => one !== first)];
  }

  #standingOf(key: string, now: MonotonicMs): Standing {
    if (this.#keepAlives?.isDown(key) === true) return 'down';
    return this.#penalties.holds(key, now) ? 'penalised' : 'well';
  }

  knows(listener: string, address: string): boolean {
    return this.#addresses.has(`${listener} ${address}`);
  }

  registrarAt(listener: string, address: string): Peer | null {
    const there = new Set<Peer>();
    for (const { peer, target } of [...this.#hops.values()].flat()) {
      const { hop } = target;
      if (peer.registration !== null && hop.listener === listener && hop.address === address) there.add(peer);
    }
    const [only] = there;
    return there.size === 1 && only !== undefined ? only : null;
  }

  bound(peer: Peer, hop: Hop, routes: readonly string[]): void {
    this.#bindings.set(peer, { key: hopKey(hop), routes });
  }

  unbound(peer: Peer): void {
    this.#bindings.delete(peer);
  }

  heard(hop: Hop, outcome: HopOutcome): void {
    const key = hopKey(hop);
    const [known, ...others] = this.#hops.get(key) ?? [];
    if (known === undefined) return;
    if (outcome.kind === 'failed') {
      this.#failed(key, [known, ...others], outcome);
      return;
    }
    this.#keepAlives?.served(key);
    if (this.#penalties.release(key)) this.#options.logger.info('hop-back', describeHop(known));
  }

  #failed(
    key: string,
    known: readonly [KnownHop, ...KnownHop[]],
    outcome: Extract<HopOutcome, { kind: 'failed' }>,
  ): void {
    const { clock, logger, meter } = this.#options;
    const { cause, retryAfterSeconds } = outcome;
    for (const { peer } of known) {
      const labels = { peer: peer.id, cause };
      meter
        .counter(
          'onrecord_hop_failures_total',
          'Requests that a hop left unanswered or refused with 503',
          labels,
        )
        .add();
    }
    const penaltyMs = Math.max(...known.map(({ peer }) => peer.penaltyMs));
    // RFC 3261 §21.5.4: who gets Retry-After "SHOULD NOT forward any other requests to that server" until then.
    const ms =
      penaltyMs === 0 || retryAfterSeconds === null
        ? penaltyMs
        : Math.min(retryAfterSeconds * 1000, maxPenaltyMs);
    if (!this.#penalties.put(key, clock.monotonic(), ms)) return;
    logger.warn('hop-failed', { ...describeHop(known[0]), cause, triedLastForSeconds: ms / 1000 });
  }

  /** Takes the hops as they are now; what is known of one that went is forgotten, but for its address. */
  #adopt(): void {
    const before = [...this.#hops.keys()];
    this.#hops.clear();
    for (const [peer, resolutions] of this.#resolutions) {
      for (const target of resolutions.flatMap((resolution) => resolution.targets())) {
        const { hop } = target;
        const key = hopKey(hop);
        this.#hops.set(key, [...(this.#hops.get(key) ?? []), { peer, target }]);
        const address = `${hop.listener} ${hop.address}`;
        this.#addresses.delete(address);
        this.#addresses.add(address);
      }
    }
    this.#keepAlives?.watch(this.#watched());
    this.#showPhases();
    this.#showPeers();
    for (const key of before) if (!this.#hops.has(key)) this.#penalties.release(key);
    for (const address of this.#addresses) {
      if (this.#addresses.size <= this.#hops.size + maxFormerAddresses) break;
      this.#addresses.delete(address);
    }
  }

  /** Each hop once, for the peer that asks it most often. */
  #watched(): Map<string, KnownHop> {
    const often = ({ peer }: KnownHop): number => peer.optionsMs ?? Number.POSITIVE_INFINITY;
    return new Map(
      [...this.#hops].flatMap(([key, known]) =>
        known
          .toSorted((a, b) => often(a) - often(b))
          .slice(0, 1)
          .map((one) => [key, one]),
      ),
    );
  }

  /** A peer is up while one of its hops is. */
  #showPeers(): void {
    const { logger, meter, peers } = this.#options;
    const standing = [...this.#hops].filter(([key]) => this.#keepAlives?.isDown(key) !== true);
    const upPeers = new Set(standing.flatMap(([, known]) => known.map(({ peer }) => peer)));
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
