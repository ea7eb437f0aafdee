import { createHash } from 'node:crypto';
import { createMeter } from '../../../src/kernel/meter.ts';
import type { Meter } from '../../../src/kernel/meter.ts';
import type { LogFields, Logger } from '../../../src/kernel/logger.ts';
import type { SipRequest, SipResponse } from '../../../src/sip/message.ts';
import type { ListenerOptions } from '../../../src/signalling/options.ts';
import { createSipStack } from '../../../src/signalling/sip-stack.ts';
import type { SipStack, SipStackOptions } from '../../../src/signalling/sip-stack.ts';
import type { MessageObserver } from '../../../src/signalling/trace/message-observer.ts';
import type { ClientEvents, Hop, ServerTransaction } from '../../../src/signalling/transaction-layer.ts';
import type { CertificateRules } from '../../../src/signalling/transport/certificate-rules.ts';
import { HandSchedule } from './hand-schedule.ts';

/** What the stack told its user, in order. */
export type Told =
  | { readonly what: 'request'; readonly transaction: ServerTransaction }
  | { readonly what: 'cancelled'; readonly transaction: ServerTransaction; readonly reason: string | null }
  | { readonly what: 'ack'; readonly request: SipRequest; readonly source: Hop }
  | { readonly what: 'server-failed'; readonly cause: string }
  | { readonly what: 'response'; readonly response: SipResponse; readonly source: Hop }
  | { readonly what: 'failed'; readonly cause: string };

export interface StackUnderTest {
  readonly stack: SipStack;
  readonly hand: HandSchedule;
  readonly meter: Meter;
  readonly ports: Readonly<Record<string, number>>;
  readonly told: Told[];
  readonly logged: string[];
  readonly events: ClientEvents;
  /** Waits for the next thing told to the user that was not asked for yet. */
  next(): Promise<Told>;
  /** Called within `user.request`. */
  onRequest: ((transaction: ServerTransaction) => void) | null;
  /** Messages thrown away for this reason. */
  dropped(reason: string): number;
  /** The sum of a metric's series that have these labels. */
  counted(name: string, labels?: Readonly<Record<string, string>>): number;
  /** Lets loopback traffic arrive. */
  settle(): Promise<void>;
}

export interface UnderTestOptions {
  readonly isPeer?: (listener: string, address: string, port: number) => boolean;
  readonly address?: string;
  /** Beside `udp` and `tcp`. */
  readonly listeners?: readonly ListenerOptions[];
  readonly certificates?: CertificateRules;
  readonly isPinned?: (hop: Hop) => boolean;
  readonly observers?: readonly MessageObserver[];
  readonly gate?: SipStackOptions['gate'];
}

export async function stackUnderTest(options: UnderTestOptions = {}): Promise<StackUnderTest> {
  const hand = new HandSchedule();
  const meter = createMeter();
  const told: Told[] = [];
  const logged: string[] = [];
  let asked = 0;
  let waiter: ((entry: Told) => void) | null = null;
  const tell = (entry: Told): void => {
    told.push(entry);
    if (waiter === null) return;
    asked += 1;
    waiter(entry);
    waiter = null;
  };
  let counter = 0;
  const random = (length: number): Uint8Array =>
    createHash('shake256', { outputLength: length }).update(`seed ${counter++}`).digest();
  const log = (event: string, fields: LogFields = {}): void => {
    logged.push(`${event} ${JSON.stringify(fields)}`);
  };
  const logger: Logger = { debug: log, info: log, warn: log, error: log, child: () => logger };
  const listener = (id: string, transport: 'udp' | 'tcp') => ({
    id,
    transport,
    address: options.address ?? '127.0.0.1',
    port: 0,
  });
  const stack = createSipStack({
    listeners: [listener('udp', 'udp'), listener('tcp', 'tcp'), ...(options.listeners ?? [])],
    ...(options.isPinned === undefined ? {} : { isPinned: options.isPinned }),
    ...(options.certificates === undefined ? {} : { certificates: options.certificates }),
    isPeer: options.isPeer ?? (() => true),
    user: {
      request: (transaction) => {
        tell({ what: 'request', transaction });
        under.onRequest?.(transaction);
      },
      cancelled: (transaction, reason) => {
        tell({ what: 'cancelled', transaction, reason });
      },
      ack: (request, source) => {
        tell({ what: 'ack', request, source });
      },
      serverFailed: (_, cause) => {
        tell({ what: 'server-failed', cause });
      },
    },
    clock: hand.clock,
    schedule: hand.schedule,
    random,
    logger,
    meter,
    ...(options.gate === undefined ? {} : { gate: options.gate }),
    ...(options.observers === undefined ? {} : { observers: options.observers }),
  });
  const bound = await stack.start();
  const under: StackUnderTest = {
    stack,
    hand,
    meter,
    ports: Object.fromEntries(bound.map(({ id, port }) => [id, port])),
    told,
    logged,
    onRequest: null,
    events: {
      response: (response, source) => {
        tell({ what: 'response', response, source });
      },
      failed: (cause) => {
        tell({ what: 'failed', cause });
      },
    },
    next: () => {
      const entry = told[asked];
      if (entry !== undefined) {
        asked += 1;
        return Promise.resolve(entry);
      }
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          waiter = null;
          reject(new Error('the user was told nothing'));
        }, 2_000);
        waiter = (came) => {
          clearTimeout(timer);
          resolve(came);
        };
      });
    },
    dropped: (reason) => under.counted('onrecord_sip_dropped_total', { reason }),
    counted: (name, labels = {}) =>
      meter
        .snapshot()
        .filter(
          (sample) =>
            sample.name === name &&
            Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
        )
        .reduce((sum, sample) => sum + sample.value, 0),
    settle: () =>
      new Promise((resolve) => {
        setTimeout(resolve, 40);
      }),
  };
  return under;
}

/** The next thing told, which must be of this kind. */
export async function nextOf<W extends Told['what']>(
  under: StackUnderTest,
  what: W,
): Promise<Extract<Told, { what: W }>> {
  const entry = await under.next();
  if (entry.what !== what) throw new Error(`told ${entry.what} instead of ${what}`);
  return entry as Extract<Told, { what: W }>;
}
