import type { Clock } from '../../kernel/clock.ts';
import type { RandomBytes } from '../../kernel/ids.ts';
import type { Logger } from '../../kernel/logger.ts';
import type { Meter } from '../../kernel/meter.ts';
import type { Schedule } from '../../kernel/timers.ts';
import type { Peer } from '../peers.ts';
import type { HopOutcome } from './hop-outcome.ts';
import { KeepAlives, type Ping } from './keep-alives.ts';
import { describeHop, type KnownHop } from './known-hop.ts';
import { PenaltyBox } from './penalty-box.ts';

/** How a hop stands: `penalised` has failed a moment ago, `down` answers no OPTIONS. Both are tried last, in this order. */
export type Standing = 'well' | 'penalised' | 'down';

/** Those that stand well, then the others: calls go where they can. */
export function bestFirst<One extends { readonly standing: Standing }>(places: readonly One[]): One[] {
  return (['well', 'penalised', 'down'] as const).flatMap((wanted) =>
    places.filter(({ standing }) => standing === wanted),
  );
}

export interface HopStandingsOptions {
  readonly peers: readonly Peer[];
  readonly clock: Clock;
  readonly schedule: Schedule;
  readonly random: RandomBytes;
  readonly logger: Logger;
  readonly meter: Meter;
}

/** By hop; two peers may share one. */
export type KnownHops = ReadonlyMap<string, readonly [KnownHop, ...KnownHop[]]>;

type Failure = Extract<HopOutcome, { kind: 'failed' }>;

/** A Retry-After of a day would leave a trunk aside that was restarted an hour ago. */
const maxPenaltyMs = 3_600_000;

/** What is known of each hop: whether it has failed, whether it gives signs of life, and which peers are up by that. */
export class HopStandings {
  readonly #options: HopStandingsOptions;
  readonly #penalties = new PenaltyBox();
  readonly #peersUp = new Map<string, boolean>();
  #hops: KnownHops = new Map();
  #keepAlives: KeepAlives | null = null;

  constructor(options: HopStandingsOptions) {
    this.#options = options;
  }

  /** Takes the hops as they are now; what is known of one that went is forgotten. */
  adopt(hops: KnownHops): void {
    for (const key of this.#hops.keys()) if (!hops.has(key)) this.#penalties.release(key);
    this.#hops = hops;
    this.#keepAlives?.watch(this.#watched());
    this.#showPeers();
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
  }

  of(key: string): Standing {
    if (this.#keepAlives?.isDown(key) === true) return 'down';
    return this.#penalties.holds(key, this.#options.clock.monotonic()) ? 'penalised' : 'well';
  }

  /** What a request to a hop has shown of it; nothing is kept of a hop that is none of ours. */
  heard(key: string, outcome: HopOutcome): void {
    const known = this.#hops.get(key);
    if (known === undefined) return;
    if (outcome.kind === 'failed') {
      this.#failed(key, known, outcome);
      return;
    }
    this.#keepAlives?.served(key);
    if (this.#penalties.release(key)) this.#options.logger.info('hop-back', describeHop(known[0]));
  }

  #failed(key: string, known: readonly [KnownHop, ...KnownHop[]], failure: Failure): void {
    const { clock, logger, meter } = this.#options;
    const { cause } = failure;
    const help = 'Requests that a hop left unanswered or refused with 503';
    for (const { peer } of known) {
      meter.counter('onrecord_hop_failures_total', help, { peer: peer.id, cause }).add();
    }
    const ms = penaltyOf(known, failure);
    if (!this.#penalties.put(key, clock.monotonic(), ms)) return;
    logger.warn('hop-failed', { ...describeHop(known[0]), cause, triedLastForSeconds: ms / 1000 });
  }

  /** Each hop once, for the peer that asks it most often. */
  #watched(): Map<string, KnownHop> {
    const often = ({ peer }: KnownHop): number => peer.optionsMs ?? Number.POSITIVE_INFINITY;
    const watched = new Map<string, KnownHop>();
    for (const [key, known] of this.#hops) {
      watched.set(
        key,
        known.reduce((best, one) => (often(one) < often(best) ? one : best)),
      );
    }
    return watched;
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
}

/** RFC 3261 §21.5.4: who gets Retry-After "SHOULD NOT forward any other requests to that server" until then. */
function penaltyOf(known: readonly KnownHop[], { retryAfterSeconds }: Failure): number {
  const configured = Math.max(...known.map(({ peer }) => peer.penaltyMs));
  if (configured === 0 || retryAfterSeconds === null) return configured;
  return Math.min(retryAfterSeconds * 1000, maxPenaltyMs);
}
