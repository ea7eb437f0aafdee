import type { Clock } from '../kernel/clock.ts';
import type { DatagramPort } from './datagram-port.ts';
import type { LegSockets } from './leg.ts';
import { PortPool } from './port-pool.ts';
import { isSameAddress } from './peer-address.ts';
import type { MediaInterfaceOptions } from './protocol.ts';

interface MediaInterface {
  readonly options: MediaInterfaceOptions;
  readonly pool: PortPool;
}

/** EF: RFC 4594 §4.1. */
const speechDscp = 46;

/** Opens and closes the pairs of sockets that legs have, out of each interface's pool. */
export class SocketAllocator {
  readonly #interfaces = new Map<string, MediaInterface>();
  readonly #port: DatagramPort;
  readonly #clock: Clock;

  constructor(
    interfaces: readonly MediaInterfaceOptions[],
    portRestMs: number,
    port: DatagramPort,
    clock: Clock,
  ) {
    this.#port = port;
    this.#clock = clock;
    for (const options of interfaces) {
      const pool = new PortPool(options.firstPort, options.lastPort, portRestMs);
      this.#interfaces.set(options.id, { options, pool });
    }
  }

  /** Null: no pair of the interface can be had now. `urgent`: an emergency call's. */
  async open(interfaceId: string, urgent: boolean): Promise<LegSockets | null> {
    const known = this.#interfaces.get(interfaceId);
    if (known === undefined) return null;
    const { pool, options } = known;
    // Each pair is tried once: urgent calls are given those that have just been skipped, too.
    for (let tries = 0; tries < pool.size; tries++) {
      const pair = pool.take(this.#clock.monotonic(), urgent);
      if (pair === null) return null;
      const { address, dscp = speechDscp } = options;
      const rtp = await this.#port.open(address, pair.rtpPort, dscp);
      const rtcp = rtp === null ? null : await this.#port.open(address, pair.rtcpPort, dscp);
      if (rtp !== null && rtcp !== null) return { interfaceId, pair, rtp, rtcp };
      if (rtp !== null) this.#port.close(rtp);
      pool.skip(pair, this.#clock.monotonic());
    }
    return null;
  }

  close({ interfaceId, pair, rtp, rtcp }: LegSockets): void {
    this.#port.close(rtp);
    this.#port.close(rtcp);
    this.#interfaces.get(interfaceId)?.pool.free(pair, this.#clock.monotonic());
  }

  addressOf(interfaceId: string): string {
    return this.#interfaces.get(interfaceId)?.options.address ?? '';
  }

  /** Whether it is one of our own media ports: speech sent there would come back to us. */
  isOurs(address: string, port: number): boolean {
    for (const { options } of this.#interfaces.values()) {
      const { first, last } = options.range ?? { first: options.firstPort, last: options.lastPort };
      const inRange = port >= first && port <= last;
      const names = [options.address, options.advertise ?? options.address];
      if (inRange && names.some((name) => isSameAddress(address, name))) return true;
    }
    return false;
  }

  get bindFailures(): number {
    let failures = 0;
    for (const { pool } of this.#interfaces.values()) failures += pool.bindFailures;
    return failures;
  }
}
