import { type RandomBytes, systemRandom } from '../kernel/ids.ts';
import type { Logger } from '../kernel/logger.ts';
import type { Meter } from '../kernel/meter.ts';
import { namedTimers, type Schedule, systemSchedule, type Timers } from '../kernel/timers.ts';
import { backoff } from './backoff.ts';
import { type CloseReason, LinkConnection } from './connection.ts';
import { dial, type LinkEndpoint } from './endpoint.ts';
import { parseToProxy } from './message-schema.ts';
import type { JournalSource, RequestHandler } from './ports.ts';
import { type LinkRequest, linkProtocol, type ToControl, type ToProxy } from './protocol.ts';
import { RecordShipper } from './record-shipper.ts';

export interface LinkClientOptions {
  readonly endpoint: LinkEndpoint;
  readonly nodeId: string;
  readonly version: string;
  readonly journal: JournalSource;
  readonly handle: RequestHandler;
  /** Control has welcomed us; called again after each reconnect. */
  readonly onConnected?: () => void;
  readonly logger: Logger;
  readonly meter: Meter;
  readonly schedule?: Schedule;
  readonly random?: RandomBytes;
}

/** The proxy's end of the link. Nothing in a call waits for it. */
export interface LinkClient {
  readonly connected: boolean;
  /** The node takes calls; said now and after each reconnect. */
  serving(sip: readonly string[]): void;
  /** True once the journal has nothing left to ship; false after `withinMs`. */
  flushed(withinMs: number): Promise<boolean>;
  close(): void;
}

/** Starts dialling at once. */
export function createLinkClient(options: LinkClientOptions): LinkClient {
  const dialler = new Dialler(options);
  dialler.dial();
  return dialler;
}

const greetingMs = 10_000;
const retryFirstMs = 100;
/** Beside us a dial costs nothing and control is missed at once; across a network many may come back together. */
const retryLongestMs: Readonly<Record<LinkEndpoint['kind'], number>> = { unix: 400, tls: 5000 };
/** Requests under way at once; a control process that asks more is answered `failed`. */
const maxHandling = 256;

class Dialler implements LinkClient {
  readonly #options: LinkClientOptions;
  readonly #schedule: Schedule;
  readonly #random: RandomBytes;
  readonly #timers: Timers<'redial' | 'greeting'>;
  readonly #shipper: RecordShipper;
  #connection: LinkConnection<ToProxy, ToControl> | null = null;
  #sip: readonly string[] | null = null;
  #attempt = 0;
  #handling = 0;
  #closed = false;
  connected = false;

  constructor(options: LinkClientOptions) {
    this.#options = options;
    this.#schedule = options.schedule ?? systemSchedule;
    this.#random = options.random ?? systemRandom;
    this.#timers = namedTimers(this.#schedule, (name) => {
      if (name === 'redial') this.dial();
      else this.#connection?.close('no-greeting');
    });
    this.#shipper = new RecordShipper({
      journal: options.journal,
      logger: options.logger,
      schedule: this.#schedule,
      send: (message) => this.connected && this.#connection?.send(message) === true,
    });
  }

  dial(): void {
    const { endpoint, nodeId, version, logger } = this.#options;
    const socket = dial(endpoint, () => {
      connection.send({ type: 'hello', protocol: linkProtocol, nodeId, version });
    });
    if (!socket.ok) {
      logger.error('link-cannot-dial', { why: socket.error });
      this.#redial();
      return;
    }
    const connection = new LinkConnection<ToProxy, ToControl>(socket.value, {
      parse: parseToProxy,
      onMessage: (message) => {
        this.#receive(message);
      },
      onClose: (reason, detail) => {
        this.#lost(reason, detail);
      },
    });
    this.#connection = connection;
    this.#timers.set('greeting', greetingMs);
  }

  serving(sip: readonly string[]): void {
    this.#sip = sip;
    this.#announce();
  }

  flushed(withinMs: number): Promise<boolean> {
    return this.#shipper.flushed(withinMs);
  }

  close(): void {
    this.#closed = true;
    this.#timers.clearAll();
    this.#shipper.close();
    this.#connection?.close('shutdown');
  }

  #announce(): void {
    if (this.connected && this.#sip !== null) this.#connection?.send({ type: 'serving', sip: this.#sip });
  }

  #receive(message: ToProxy): void {
    if ((message.type === 'welcome') === this.connected) {
      this.#connection?.close('out-of-turn');
      return;
    }
    switch (message.type) {
      case 'welcome':
        this.#welcome(message.protocol);
        return;
      case 'stored':
        this.#shipper.stored(message.batch);
        return;
      case 'request':
        void this.#answer(message.id, message.ask);
        return;
    }
  }

  #welcome(protocol: number): void {
    const { logger } = this.#options;
    if (protocol !== linkProtocol) {
      logger.error('link-protocol-mismatch', { ours: linkProtocol, theirs: protocol });
      this.#connection?.close('protocol');
      return;
    }
    this.#timers.clear('greeting');
    this.#attempt = 0;
    this.connected = true;
    this.#connection?.greeted();
    logger.info('link-connected');
    this.#announce();
    this.#options.onConnected?.();
    this.#shipper.resume();
  }

  async #answer(id: number, ask: LinkRequest): Promise<void> {
    const connection = this.#connection;
    const failed = { ok: false, code: 'failed' } as const;
    if (this.#handling >= maxHandling) {
      connection?.send({ type: 'response', id, answer: failed });
      return;
    }
    this.#handling += 1;
    const answer = await this.#options.handle(ask).catch((error: unknown) => {
      this.#options.logger.error('link-request-failed', { method: ask.method, error: String(error) });
      return failed;
    });
    this.#handling -= 1;
    connection?.send({ type: 'response', id, answer });
  }

  #lost(reason: CloseReason, detail: string | null): void {
    this.#timers.clearAll();
    const was = this.connected;
    this.connected = false;
    this.#connection = null;
    this.#shipper.pause();
    if (this.#closed) return;
    const { logger, meter } = this.#options;
    meter
      .counter('onrecord_link_lost_total', 'Times the link to the control process was lost or not had', {
        reason,
      })
      .add();
    // One line when it goes and one when it cannot be had; the rest of a long outage is no news.
    if (was || this.#attempt === 0) logger.warn(was ? 'link-lost' : 'link-unreachable', { reason, detail });
    else logger.debug('link-unreachable', { reason, detail });
    this.#redial();
  }

  #redial(): void {
    if (this.#closed) return;
    const longest = retryLongestMs[this.#options.endpoint.kind];
    this.#timers.set('redial', backoff(this.#attempt++, retryFirstMs, longest, this.#random));
  }
}
