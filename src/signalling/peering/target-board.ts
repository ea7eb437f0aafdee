import type { RandomBytes } from '../../kernel/ids.ts';
import { type Draw, drawOrder } from '../locate/draw-order.ts';
import type { Locator } from '../locate/locator.ts';
import type { Peer, Target } from '../peers.ts';
import type { Hop } from '../transaction-layer.ts';
import type { HopOutcome } from './hop-outcome.ts';
import { HopStandings, type HopStandingsOptions, type Standing } from './hop-standings.ts';
import type { Ping } from './keep-alives.ts';
import { hopKey, type KnownHop } from './known-hop.ts';
import type { ResolutionPhase } from './resolution-machine.ts';
import { TargetResolution } from './target-resolution.ts';

export interface Place {
  readonly target: Target;
  readonly standing: Standing;
  /** Route of requests that begin a call there (RFC 3608 §5). */
  readonly routes: readonly string[];
}

export interface TargetBoardOptions extends HopStandingsOptions {
  readonly locator: Locator;
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

/** Addresses that names stood for once: calls that were set up with them go on. */
const maxFormerAddresses = 256;

class Board implements TargetBoard {
  readonly #options: TargetBoardOptions;
  readonly #resolutions: ReadonlyMap<Peer, readonly TargetResolution[]>;
  readonly #standings: HopStandings;
  /** `LISTENER ADDRESS` of all hops that are and some that were, the newest last. */
  readonly #addresses = new Set<string>();
  /** Peers that we register with, by such an address. */
  #registrars = new Map<string, Set<Peer>>();
  readonly #bindings = new Map<Peer, Binding>();
  readonly #draw: Draw;

  constructor(options: TargetBoardOptions) {
    this.#options = options;
    this.#draw = drawFrom(options.random);
    this.#standings = new HopStandings(options);
    const changed = (): void => {
      this.#adopt();
    };
    this.#resolutions = new Map(
      options.peers.map((peer) => [
        peer,
        peer.targets.map((target) => new TargetResolution({ ...options, peer, target, changed })),
      ]),
    );
    this.#adopt();
  }

  async start(): Promise<void> {
    await Promise.all([...this.#resolutions.values()].flat().map((resolution) => resolution.start()));
  }

  watch(ping: Ping): void {
    this.#standings.watch(ping);
  }

  close(): void {
    this.#standings.close();
    for (const resolution of [...this.#resolutions.values()].flat()) resolution.close();
  }

  placesOf(peer: Peer): readonly Place[] {
    const binding = this.#bindings.get(peer);
    const places = new Map<string, Place>();
    for (const target of this.#targetsOf(peer)) {
      const key = hopKey(target.hop);
      const routes = binding?.key === key ? binding.routes : [];
      if (!places.has(key)) places.set(key, { target, standing: this.#standings.of(key), routes });
    }
    const first = places.get(binding?.key ?? '');
    const all = [...places.values()];
    return first === undefined ? all : [first, ...all.filter((one) => one !== first)];
  }

  /** Target by target, group by group, each group in an order that is drawn anew. */
  #targetsOf(peer: Peer): Target[] {
    return (this.#resolutions.get(peer) ?? []).flatMap((resolution) =>
      resolution.groups
        .flatMap((group) => drawOrder(group, this.#draw))
        .flatMap((server) => resolution.targetsOf(server)),
    );
  }

  knows(listener: string, address: string): boolean {
    return this.#addresses.has(`${listener} ${address}`);
  }

  registrarAt(listener: string, address: string): Peer | null {
    const there = this.#registrars.get(`${listener} ${address}`);
    const [only = null] = there ?? [];
    return there?.size === 1 ? only : null;
  }

  bound(peer: Peer, hop: Hop, routes: readonly string[]): void {
    this.#bindings.set(peer, { key: hopKey(hop), routes });
  }

  unbound(peer: Peer): void {
    this.#bindings.delete(peer);
  }

  heard(hop: Hop, outcome: HopOutcome): void {
    this.#standings.heard(hopKey(hop), outcome);
  }

  /** Takes the hops as they are now; of one that went, its address is still known. */
  #adopt(): void {
    const hops = new Map<string, [KnownHop, ...KnownHop[]]>();
    this.#registrars = new Map();
    for (const [peer, resolutions] of this.#resolutions) {
      for (const target of resolutions.flatMap((resolution) => resolution.targets())) {
        const key = hopKey(target.hop);
        const others = hops.get(key);
        if (others === undefined) hops.set(key, [{ peer, target }]);
        else others.push({ peer, target });
        this.#know(peer, `${target.hop.listener} ${target.hop.address}`);
      }
    }
    for (const address of this.#addresses) {
      if (this.#addresses.size <= hops.size + maxFormerAddresses) break;
      this.#addresses.delete(address);
    }
    this.#standings.adopt(hops);
    this.#showPhases();
  }

  #know(peer: Peer, address: string): void {
    this.#addresses.delete(address);
    this.#addresses.add(address);
    if (peer.registration === null) return;
    this.#registrars.set(address, (this.#registrars.get(address) ?? new Set()).add(peer));
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
