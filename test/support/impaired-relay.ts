import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { seededRandom } from './random.ts';
import type { Endpoint } from './scripted-sip/wire.ts';

/** What a direction does to its datagrams; shares from 0 to 1. */
export interface Impairment {
  readonly loss: number;
  readonly duplication: number;
  /** Share of datagrams that are held back and so overtaken. */
  readonly reordering: number;
  /** How long a datagram is held back at most, milliseconds. */
  readonly heldMs: number;
}

export interface RelayPlan {
  readonly seed: number;
  /** The peer behind the relay: it sends to `front`, and is sent to from there. */
  readonly peer: Endpoint;
  /** Where the relay sends what the peer sends; it must answer to `back`. */
  readonly beyond: Endpoint;
  /** Ports of the relay's two sockets; 0: the system chooses. */
  readonly frontPort?: number;
  readonly backPort?: number;
  readonly toPeer: Impairment;
  readonly fromPeer: Impairment;
}

/** One datagram that came to the relay, and what became of it. */
export interface RelayedDatagram {
  readonly at: number;
  readonly direction: 'to-peer' | 'from-peer';
  readonly fate: 'lost' | 'passed' | 'held' | 'doubled';
  readonly text: string;
}

/** A stretch of bad network in user space: what it does is a matter of its seed and of the order of datagrams. */
export class ImpairedRelay {
  readonly front: Endpoint;
  readonly back: Endpoint;
  /** Everything that came, in order. */
  readonly log: RelayedDatagram[] = [];
  readonly #sockets: readonly [front: Socket, back: Socket];
  readonly #plan: RelayPlan;
  readonly #timers = new Set<NodeJS.Timeout>();

  private constructor(plan: RelayPlan, front: Socket, back: Socket) {
    this.#plan = plan;
    this.#sockets = [front, back];
    this.front = { address: plan.peer.address, port: front.address().port };
    this.back = { address: plan.beyond.address, port: back.address().port };
    // A generator for each direction, so that traffic one way does not change what befalls the other.
    const [there, here] = [seededRandom(plan.seed), seededRandom(plan.seed ^ 0x5bd1e995)];
    front.on('message', (bytes) => {
      this.#take('from-peer', bytes, there);
    });
    back.on('message', (bytes) => {
      this.#take('to-peer', bytes, here);
    });
  }

  static async start(plan: RelayPlan): Promise<ImpairedRelay> {
    const sockets = [createSocket('udp4'), createSocket('udp4')] as const;
    const [front, back] = sockets;
    front.bind(plan.frontPort ?? 0, plan.peer.address);
    back.bind(plan.backPort ?? 0, plan.beyond.address);
    await Promise.all(sockets.map((socket) => once(socket, 'listening')));
    return new ImpairedRelay(plan, front, back);
  }

  #take(direction: RelayedDatagram['direction'], bytes: Buffer, random: () => number): void {
    const { loss, duplication, reordering, heldMs } =
      direction === 'to-peer' ? this.#plan.toPeer : this.#plan.fromPeer;
    // As many draws a datagram, whatever becomes of it.
    const [lost, doubled, held, delay] = [random(), random(), random(), random()];
    const fate =
      lost < loss ? 'lost' : held < reordering ? 'held' : doubled < duplication ? 'doubled' : 'passed';
    this.log.push({ at: Date.now(), direction, fate, text: bytes.toString('latin1') });
    if (fate === 'lost') return;
    if (fate !== 'held') this.#pass(direction, bytes);
    if (fate !== 'passed') {
      const timer = setTimeout(() => {
        this.#timers.delete(timer);
        this.#pass(direction, bytes);
      }, delay * heldMs);
      this.#timers.add(timer);
    }
  }

  #pass(direction: RelayedDatagram['direction'], bytes: Buffer): void {
    const [front, back] = this.#sockets;
    if (direction === 'to-peer') front.send(bytes, this.#plan.peer.port, this.#plan.peer.address);
    else back.send(bytes, this.#plan.beyond.port, this.#plan.beyond.address);
  }

  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    for (const socket of this.#sockets) socket.close();
  }
}
