import type { Socket } from 'node:net';
import type { RandomBytes } from '../kernel/ids.ts';
import type { Logger } from '../kernel/logger.ts';
import type { Meter } from '../kernel/meter.ts';
import type { Result } from '../kernel/result.ts';
import { namedTimers, type Schedule, type Timers } from '../kernel/timers.ts';
import type { RecordEvent } from '../records/record-event.ts';
import { backoff } from './backoff.ts';
import { type CloseReason, LinkConnection } from './connection.ts';
import { parseToControl } from './message-schema.ts';
import { PendingRequests } from './pending-requests.ts';
import type { AskFault } from './ports.ts';
import { linkProtocol, type LinkRequest, type LinkValue, type ToControl, type ToProxy } from './protocol.ts';

/** Stores a batch, keys first; resolves once it is durable. Storing one twice changes nothing. */
export type StoreBatch = (events: readonly RecordEvent[], nodeId: string) => Promise<void>;

export interface SessionPlan {
  readonly store: StoreBatch;
  readonly logger: Logger;
  readonly meter: Meter;
  readonly schedule: Schedule;
  readonly random: RandomBytes;
  /** It has said who it is, in our protocol. */
  readonly onHello: (session: NodeSession) => void;
  readonly onServing: (session: NodeSession) => void;
  readonly onGone: (session: NodeSession, reason: CloseReason) => void;
}

const greetingMs = 10_000;
const retryFirstMs = 250;
const retryLongestMs = 5000;
/** The proxy waits for `stored` before it sends more; whoever does not is not ours. */
const maxWaitingBatches = 4;

/** The control side of one connection: from its first byte to its end. */
export class NodeSession {
  readonly #plan: SessionPlan;
  readonly #connection: LinkConnection<ToControl, ToProxy>;
  readonly #requests: PendingRequests;
  readonly #timers: Timers<'greeting' | 'retry'>;
  readonly #batches: { readonly batch: number; readonly events: readonly RecordEvent[] }[] = [];
  #storing = false;
  #attempt = 0;
  #logger: Logger;
  nodeId: string | null = null;
  version = '';
  sip: readonly string[] | null = null;

  /** *Takes* the socket. */
  constructor(socket: Socket, plan: SessionPlan) {
    this.#plan = plan;
    this.#logger = plan.logger;
    this.#requests = new PendingRequests(plan.schedule);
    this.#timers = namedTimers(plan.schedule, (name) => {
      if (name === 'greeting') this.close('no-greeting');
      else void this.#storeNext();
    });
    this.#connection = new LinkConnection(socket, {
      parse: parseToControl,
      onMessage: (message) => {
        this.#receive(message);
      },
      onClose: (reason, detail) => {
        this.#closed(reason, detail);
      },
    });
    this.#timers.set('greeting', greetingMs);
  }

  close(reason: CloseReason): void {
    this.#connection.close(reason);
  }

  ask(ask: LinkRequest, withinMs: number): Promise<Result<LinkValue, AskFault>> {
    return this.#requests.ask(ask.method, withinMs, (id) =>
      this.#connection.send({ type: 'request', id, ask }),
    );
  }

  #receive(message: ToControl): void {
    if ((message.type === 'hello') !== (this.nodeId === null)) {
      this.close('out-of-turn');
      return;
    }
    switch (message.type) {
      case 'hello':
        this.#hello(message);
        return;
      case 'serving':
        this.sip = message.sip;
        this.#plan.onServing(this);
        return;
      case 'records':
        this.#records(message.batch, message.events);
        return;
      case 'response':
        this.#requests.answered(message.id, message.answer);
        return;
    }
  }

  #hello(hello: Extract<ToControl, { type: 'hello' }>): void {
    this.#timers.clear('greeting');
    this.#logger = this.#logger.child({ node: hello.nodeId, version: hello.version });
    const welcome = { type: 'welcome', protocol: linkProtocol } as const;
    if (hello.protocol !== linkProtocol) {
      this.#logger.error('link-protocol-mismatch', { ours: linkProtocol, theirs: hello.protocol });
      this.#connection.sendLast(welcome, 'protocol');
      return;
    }
    this.nodeId = hello.nodeId;
    this.version = hello.version;
    this.#connection.greeted();
    this.#connection.send(welcome);
    this.#logger.info('link-node-connected');
    this.#plan.onHello(this);
  }

  #records(batch: number, events: readonly RecordEvent[]): void {
    if (this.#batches.length >= maxWaitingBatches) {
      this.close('out-of-turn');
      return;
    }
    this.#batches.push({ batch, events });
    if (!this.#storing) void this.#storeNext();
  }

  /** One batch at a time and in order; a store that fails is asked again for as long as the node is there. */
  async #storeNext(): Promise<void> {
    const next = this.#batches[0];
    if (next === undefined || !this.#connection.open) return;
    this.#storing = true;
    try {
      await this.#plan.store(next.events, this.nodeId ?? '');
    } catch (error) {
      this.#storeFailed(error);
      return;
    }
    this.#storing = false;
    this.#attempt = 0;
    this.#batches.shift();
    this.#connection.send({ type: 'stored', batch: next.batch });
    void this.#storeNext();
  }

  #storeFailed(error: unknown): void {
    const { meter, random } = this.#plan;
    meter
      .counter('onrecord_link_store_failures_total', 'Batches of records the database did not take at once')
      .add();
    // Only the kind: a database's message may quote what was stored.
    const kind = error instanceof Error ? error.name : typeof error;
    const code = error instanceof Error && 'code' in error ? String(error.code) : null;
    this.#logger.error('link-store-failed', { attempt: this.#attempt, kind, code });
    if (!this.#connection.open) return;
    this.#timers.set('retry', backoff(this.#attempt++, retryFirstMs, retryLongestMs, random));
  }

  #closed(reason: CloseReason, detail: string | null): void {
    this.#timers.clearAll();
    this.#requests.close();
    this.#plan.meter
      .counter('onrecord_link_connections_closed_total', 'Connections of proxies that ended', { reason })
      .add();
    const fields = { reason, detail };
    if (reason === 'shutdown') this.#logger.debug('link-closed', fields);
    else this.#logger.warn('link-closed', fields);
    this.#plan.onGone(this, reason);
  }
}
