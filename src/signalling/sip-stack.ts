import type { Clock } from '../kernel/clock.ts';
import type { RandomBytes } from '../kernel/ids.ts';
import type { Logger } from '../kernel/logger.ts';
import type { Meter } from '../kernel/meter.ts';
import type { Schedule } from '../kernel/timers.ts';
import type { ListenerOptions } from './options.ts';
import type { TransactionLayer, TransactionUser } from './transaction-layer.ts';

export interface SipStackOptions {
  readonly listeners: readonly ListenerOptions[];
  /** Whether a configured peer sends from there. A stream peer sends from an ephemeral port. */
  readonly isPeer: (listener: string, address: string, port: number) => boolean;
  /** The layer above; its methods are read at each call, never before `start`. */
  readonly user: TransactionUser;
  readonly clock: Clock;
  readonly schedule: Schedule;
  readonly random: RandomBytes;
  readonly logger: Logger;
  readonly meter: Meter;
}

export interface BoundListener {
  readonly id: string;
  readonly transport: 'udp' | 'tcp';
  readonly address: string;
  readonly port: number;
}

export interface SipStack extends TransactionLayer {
  /** Binds every listener, and gives what the system chose for port 0. Rejects with one clear sentence. */
  start(): Promise<readonly BoundListener[]>;
  /** Stops receiving, ends connections and forgets every transaction without telling the user. */
  close(): Promise<void>;
}

export function createSipStack(_options: SipStackOptions): SipStack {
  throw new Error('not built yet');
}
