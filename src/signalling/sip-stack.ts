import type { Clock } from '../kernel/clock.ts';
import type { RandomBytes } from '../kernel/ids.ts';
import type { Logger } from '../kernel/logger.ts';
import type { Gauge, Meter } from '../kernel/meter.ts';
import type { Schedule } from '../kernel/timers.ts';
import type { MessageLimits } from '../sip/limits.ts';
import type { SipRequest, SipResponse } from '../sip/message.ts';
import type { ParseFaultAnswer } from '../sip/parse-fault.ts';
import { serializeMessage } from '../sip/serialize.ts';
import type { SipTransport } from '../sip/transport-name.ts';
import type { ListenerOptions } from './options.ts';
import type { MessageObserver } from './trace/message-observer.ts';
import { ClientTransactions } from './transaction-clients.ts';
import type { TransactionContext } from './transaction-context.ts';
import type {
  ClientEvents,
  ClientTransaction,
  Hop,
  TransactionLayer,
  TransactionUser,
} from './transaction-layer.ts';
import { ServerTransactions } from './transaction-servers.ts';
import { statelessResponse } from './transaction-stateless.ts';
import type { CertificateRules } from './transport/certificate-rules.ts';
import type { ReturnPath } from './transport/return-path.ts';
import { describeBug, Transports } from './transport/transports.ts';
import type { BoundListener } from './transport/transports.ts';

export type { BoundListener } from './transport/transports.ts';

export interface SipStackOptions {
  readonly listeners: readonly ListenerOptions[];
  /** What a message may cost; absent: the defaults. */
  readonly limits?: MessageLimits;
  /** Whether a configured peer sends from there. A stream peer sends from an ephemeral port. */
  readonly isPeer: (listener: string, address: string, port: number) => boolean;
  /** What certificates must name; absent: addresses alone count. */
  readonly certificates?: CertificateRules;
  /** The layer above; its methods are read at each call, never before `start`. */
  readonly user: TransactionUser;
  /** Who sees each message as it passes. */
  readonly observers?: readonly MessageObserver[];
  readonly clock: Clock;
  readonly schedule: Schedule;
  readonly random: RandomBytes;
  readonly logger: Logger;
  readonly meter: Meter;
}

export interface SipStack extends TransactionLayer {
  /** Binds every listener, and gives what the system chose for port 0. Rejects with one clear sentence. */
  start(): Promise<readonly BoundListener[]>;
  /** Looks whether certificates' files have changed; new connections get what they hold. */
  reload(): Promise<void>;
  /** Stops receiving, ends connections and forgets every transaction without telling the user. */
  close(): Promise<void>;
}

/** Server transactions held at once; each is gone 32 s after its answer. Beyond it, new requests get 503. */
const maxServerTransactions = 50_000;
const overloadRetrySeconds = 10;

/** Transports and transactions of RFC 3261, for one transaction user. */
export function createSipStack(options: SipStackOptions): SipStack {
  return new Stack(options);
}

class Stack implements SipStack {
  readonly #options: SipStackOptions;
  readonly #transports: Transports;
  readonly #servers: ServerTransactions;
  readonly #clients: ClientTransactions;
  readonly #active: Gauge;
  readonly #secret: Uint8Array;

  constructor(options: SipStackOptions) {
    const { user, random, meter } = options;
    this.#options = options;
    this.#secret = random(32);
    this.#active = meter.gauge('onrecord_sip_transactions_active', 'SIP transactions held, both sides');
    this.#transports = new Transports({ ...options, user: this.#fromTransports() });
    const context = this.#context();
    const changed = (): void => {
      this.#active.set(this.activeTransactions);
    };
    this.#servers = new ServerTransactions({ context, user, random, changed });
    this.#clients = new ClientTransactions({
      context,
      random,
      changed,
      sentBy: (listener) => this.sentBy(listener),
      sendAck: (request, hop) => {
        this.sendAck(request, hop);
      },
    });
  }

  get activeTransactions(): number {
    return this.#servers.size + this.#clients.size;
  }

  start(): Promise<readonly BoundListener[]> {
    return this.#transports.start();
  }

  reload(): Promise<void> {
    return this.#transports.reload();
  }

  async close(): Promise<void> {
    this.#servers.clear();
    this.#clients.clear();
    this.#active.set(0);
    await this.#transports.close();
  }

  send(request: SipRequest, hop: Hop, events: ClientEvents, inviteTimeoutMs?: number): ClientTransaction {
    return this.#clients.send(request, hop, events, inviteTimeoutMs ?? null);
  }

  sendAck(request: SipRequest, hop: Hop): void {
    const ack = this.#clients.withVia(request, hop, this.#clients.newBranch());
    this.#transports.send(serializeMessage(ack), hop, () => {
      this.#transports.drop('ack-unsent');
    });
  }

  sentBy(listener: string): { host: string; port: number; transport: SipTransport } {
    return this.#transports.sentBy(listener);
  }

  #fromTransports(): ConstructorParameters<typeof Transports>[0]['user'] {
    return {
      request: (request, source, path) => {
        this.#request(request, source, path);
      },
      response: (response, source) => {
        this.#response(response, source);
      },
      malformed: (answer, path) => {
        this.#malformed(answer, path);
      },
      stranger: (request, path) => {
        this.#reply(statelessResponse(this.#secret, request, 403, 'Forbidden'), path);
      },
      lost: (connection) => {
        this.#clients.lost(connection);
      },
    };
  }

  #request(request: SipRequest, source: Hop, path: ReturnPath): void {
    if (request.method === 'ACK') {
      this.#servers.ack(request, source);
    } else if (this.#servers.absorb(request, source)) {
      this.#transports.repeated();
    } else if (this.#screened(request, source, path)) {
      return;
    } else if (this.#servers.size < maxServerTransactions) {
      this.#servers.begin(request, source, path);
    } else {
      this.#transports.drop('overload');
      const response = statelessResponse(this.#secret, request, 503, 'Service Unavailable');
      response.headers.append('Retry-After', String(overloadRetrySeconds));
      this.#reply(response, path);
    }
  }

  #screened(request: SipRequest, source: Hop, path: ReturnPath): boolean {
    const refusal = this.#options.user.screen?.(request, source) ?? null;
    if (refusal === null) return false;
    const response = statelessResponse(this.#secret, request, refusal.status, refusal.phrase);
    for (const [name, value] of refusal.headers ?? []) response.headers.append(name, value);
    this.#reply(response, path);
    return true;
  }

  #response(response: SipResponse, source: Hop): void {
    // RFC 3261 §8.1.3.3: a response with a second Via was not meant for us.
    const misrouted = response.headers.count('via') > 1;
    if (misrouted || !this.#clients.receive(response, source)) this.#transports.drop('stray-response');
  }

  #malformed({ request, status, phrase }: ParseFaultAnswer, path: ReturnPath): void {
    this.#reply(statelessResponse(this.#secret, request, status, phrase), path);
  }

  #reply(response: SipResponse, path: ReturnPath): void {
    this.#transports.sendBack(serializeMessage(response), path, () => {
      this.#transports.drop('reply-unsent');
    });
  }

  #context(): TransactionContext {
    return {
      schedule: (delayMs, run) => this.#options.schedule(delayMs, () => this.#guard(run)),
      send: (bytes, hop, failed) => this.#transports.send(bytes, hop, failed),
      sendBack: (bytes, path, failed) => {
        this.#transports.sendBack(bytes, path, failed);
      },
      tell: (run) => this.#guard(run),
      drop: (reason) => {
        this.#transports.drop(reason);
      },
    };
  }

  /** A bug above or here takes its own message, not the process. False: there was one. */
  #guard(run: () => void): boolean {
    try {
      run();
      return true;
    } catch (cause) {
      this.#transports.drop('dispatch-failed');
      this.#options.logger.error('sip-dispatch-failed', describeBug(cause));
      return false;
    }
  }
}
