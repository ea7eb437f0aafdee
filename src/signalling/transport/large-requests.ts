import type { Clock, MonotonicMs } from '../../kernel/clock.ts';
import type { Meter } from '../../kernel/meter.ts';
import type { Hop } from '../transaction-layer.ts';

export interface LargeRequestsOptions {
  /** Whether whoever is there wants its own transport and no other. */
  readonly pinned: (hop: Hop) => boolean;
  /** Asks for a TCP connection to a UDP hop; the answer comes at once where it is known. */
  readonly reach: (hop: Hop, done: (reached: boolean) => void) => void;
  readonly clock: Clock;
  readonly meter: Meter;
}

/**
 * RFC 3261 §18.1.1: "If a request is within 200 bytes of the path MTU, or if it is larger than 1300 bytes and the
 * path MTU is unknown, the request MUST be sent using an RFC 2914 [...] congestion controlled transport protocol,
 * such as TCP."
 */
const largestDatagram = 1_300;
/** How long a place that took no connection is not asked again. */
const rememberMs = 300_000;
const maxPlaces = 1_024;

/** Decides whether a request leaves UDP for TCP because of its size, and remembers who takes none. */
export class LargeRequests {
  readonly #options: LargeRequestsOptions;
  /** Places without TCP, to when that was long ago; the oldest first. */
  readonly #withoutTcp = new Map<string, MonotonicMs>();

  constructor(options: LargeRequestsOptions) {
    this.#options = options;
  }

  /** Gives the hop that the request is to go by: at once, or when the other side has taken a connection or not. */
  choose(hop: Hop, size: number, chosen: (hop: Hop) => void): void {
    if (hop.transport !== 'udp' || size <= largestDatagram) {
      chosen(hop);
    } else if (this.#options.pinned(hop) || this.#hasNoTcp(hop)) {
      this.#count('udp');
      chosen(hop);
    } else {
      this.#options.reach(hop, (reached) => {
        this.#count(reached ? 'tcp' : 'udp');
        if (!reached) this.#remember(hop);
        chosen(reached ? { ...hop, transport: 'tcp' } : hop);
      });
    }
  }

  /** A connection was taken and reset before an answer: the request goes by UDP after all. */
  refused(hop: Hop): void {
    this.#count('udp');
    this.#remember(hop);
  }

  #hasNoTcp(hop: Hop): boolean {
    const until = this.#withoutTcp.get(keyOf(hop));
    return until !== undefined && this.#options.clock.monotonic() < until;
  }

  #remember(hop: Hop): void {
    const key = keyOf(hop);
    this.#withoutTcp.delete(key);
    this.#withoutTcp.set(key, (this.#options.clock.monotonic() + rememberMs) as MonotonicMs);
    const [oldest = key] = this.#withoutTcp.keys();
    if (this.#withoutTcp.size > maxPlaces) this.#withoutTcp.delete(oldest);
  }

  #count(transport: string): void {
    this.#options.meter
      .counter(
        'onrecord_sip_large_requests_total',
        'Requests above 1300 bytes to UDP hops, by what they went by',
        {
          transport,
        },
      )
      .add();
  }
}

function keyOf({ listener, address, port }: Hop): string {
  return `${listener} ${address} ${port}`;
}
