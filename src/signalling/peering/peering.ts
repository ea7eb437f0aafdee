import type { Clock } from '../../kernel/clock.ts';
import type { RandomBytes } from '../../kernel/ids.ts';
import type { Logger } from '../../kernel/logger.ts';
import type { Meter } from '../../kernel/meter.ts';
import type { Schedule } from '../../kernel/timers.ts';
import type { Locator } from '../locate/locator.ts';
import type { PeerBook } from '../peers.ts';
import type { TransactionLayer } from '../transaction-layer.ts';
import { optionsPing } from './options-ping.ts';
import { Registration } from './registration.ts';
import { createTargetBoard, type TargetBoard } from './target-board.ts';

export interface PeeringOptions {
  readonly peers: PeerBook;
  readonly locator: Locator;
  readonly clock: Clock;
  readonly schedule: Schedule;
  readonly random: RandomBytes;
  readonly logger: Logger;
  readonly meter: Meter;
}

/** All that keeps peers within reach: names, signs of life, registrations. */
export interface Peering {
  readonly board: TargetBoard;
  /** The peers, with those that we register with known by their registrar's address too. */
  readonly peers: PeerBook;
  /** Whether what comes from there is of a peer: a request of its, or an answer. */
  isPeer(listener: string, address: string, port: number): boolean;
  /** Resolves names; before the first message, which would find no peer whose name is not known yet. */
  resolve(): Promise<void>;
  /** Begins to ask for signs of life, and registers. */
  begin(layer: TransactionLayer): void;
  /** Takes registrations back, and ends all. */
  close(): Promise<void>;
}

export function createPeering(options: PeeringOptions): Peering {
  const board = createTargetBoard({ ...options, peers: options.peers.all });
  const find: PeerBook['find'] = (listener, address, port) =>
    options.peers.find(listener, address, port) ?? board.registrarAt(listener, address);
  let registrations: Registration[] = [];
  return {
    board,
    peers: { ...options.peers, find },
    isPeer: (listener, address, port) =>
      find(listener, address, port) !== null || board.knows(listener, address),
    resolve: () => board.start(),
    begin: (layer) => {
      board.watch(optionsPing(layer, options.random));
      registrations = options.peers.all.flatMap((peer) => {
        const plan = peer.registration;
        return plan === null ? [] : [new Registration({ ...options, peer, plan, board, layer })];
      });
      for (const registration of registrations) registration.start();
    },
    close: async () => {
      await Promise.all(registrations.map((registration) => registration.close()));
      board.close();
    },
  };
}
