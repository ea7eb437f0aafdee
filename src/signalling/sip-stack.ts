import type { Clock } from '../kernel/clock.ts';
import type { RandomBytes } from '../kernel/ids.ts';
import type { Logger } from '../kernel/logger.ts';
import type { Gauge, Meter } from '../kernel/meter.ts';
import type { Schedule } from '../kernel/timers.ts';
import type { SipRequest, SipResponse } from '../sip/message.ts';
import type { ParseFaultAnswer } from '../sip/parse-fault.ts';
import { sizeOfRequest } from '../sip/message-size.ts';
import { serializeMessage } from '../sip/serialize.ts';
import type { SipTransport } from '../sip/transport-name.ts';
import type { LimitOptions } from './defence/options.ts';
import type { RequestGate } from './defence/request-gate.ts';
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
import { LargeRequests } from './transport/large-requests.ts';
import type { CertificateRules } from './transport/certificate-rules.ts';
import type { ReturnPath } from './transport/return-path.ts';
import { describeBug, Transports } from './transport/transports.ts';
import type { BoundListener } from './transport/transports.ts';

export type { BoundListener } from './transport/transports.ts';

type Gate = Pick<RequestGate, 'charge' | 'judge'>;

export interface SipStackOptions {
  readonly listeners: readonly ListenerOptions[];
  /** Decides which new requests get a transaction; absent: all. */
  readonly gate?: Gate;
  /** What a message and a source may cost; absent: the defaults. */
  readonly limits?: LimitOptions;
  /** Whether a configured peer sends from there. A stream peer sends from an ephemeral port. */
  readonly isPeer: (listener: string, address: string, port: number) => boolean;
  /** Whether whoever is there gets no transport but its own, whatever the size; absent: nobody. */
  readonly isPinned?: (hop: Hop) => boolean;
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

/** How much larger than a request our answer to a stranger may be. */
const maxAmplification = 3;

/** Where nobody is turned away. */
const openGate: Gate = { charge: () => true, judge: () => 'serve' };

/** Transports and transactions of RFC 3261, for one transaction user. */
export function createSipStack(options: SipStackOptions): SipStack {
  return new Stack(options);
}

class Stack implements SipStack {
  readonly #options: SipStackOptions;
  readonly #transports: Transports;
  readonly #largeRequests: LargeRequests;
  readonly #servers: ServerTransactions;
  readonly #clients: ClientTransactions;
  readonly #active: Gauge;
  readonly #secret: Uint8Array;
  readonly #gate: Gate;

  constructor(options: SipStackOptions) {
    const { user, random, meter } = options;
    this.#options = options;
    this.#gate = options.gate ?? openGate;
    this.#secret = random(32);
    this.#active = meter.gauge('onrecord_sip_transactions_active', 'SIP transactions held, both sides');
    this.#transports = new Transports({ ...options, user: this.#fromTransports() });
    this.#largeRequests = new LargeRequests({
      ...options,
      pinned: options.isPinned ?? (() => false),
      reach: (hop, done) => {
        this.#transports.reachByTcp(hop, done);
      },
    });
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
      choose: (hop, size, chosen) => {
        this.#largeRequests.choose(hop, size, chosen);
      },
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
    this.#largeRequests.choose(hop, sizeOfRequest(request), (chosen) => {
      const ack = this.#clients.withVia(request, chosen, this.#clients.newBranch());
      this.#transports.send(serializeMessage(ack), chosen, () => {
        this.#transports.drop('ack-unsent');
      });
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
      malformed: (answer, path, bytes) => {
        this.#malformed(answer, path, bytes);
      },
      stranger: (request, path, bytes) => {
        this.#replyTo(bytes, statelessResponse(this.#secret, request, 403, 'Forbidden'), path);
      },
      lost: (connection) => {
        this.#clients.lost(connection);
      },
    };
  }

  #request(request: SipRequest, source: Hop, path: ReturnPath): void {
    if (request.method === 'ACK') {
      this.#servers.ack(request, source);
      return;
    }
    const charged = this.#gate.charge(source);
    const known = this.#servers.known(request, source);
    if (known !== null) {
      this.#transports.repeated();
      if (charged) known.retransmission();
      else this.#transports.drop('rate');
    } else if (request.method === 'CANCEL') {
      if (!this.#servers.cancel(request, source, path)) this.#strayCancel(request, path, charged);
    } else {
      this.#admit(request, source, path, charged);
    }
  }

  #admit(request: SipRequest, source: Hop, path: ReturnPath, charged: boolean): void {
    const verdict = this.#gate.judge(request, source, charged);
    if (verdict === 'serve') {
      if (!this.#screened(request, source, path)) this.#servers.begin(request, source, path);
    } else if (verdict === 'silence') {
      this.#transports.drop('rate');
    } else {
      const response = statelessResponse(this.#secret, request, 503, 'Service Unavailable');
      response.headers.append('Retry-After', String(verdict.retryAfterSeconds));
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

  /** RFC 3261 §9.2: 481; without a transaction, since there is nothing to keep. */
  #strayCancel(request: SipRequest, path: ReturnPath, charged: boolean): void {
    if (!charged) this.#transports.drop('rate');
    else this.#reply(statelessResponse(this.#secret, request, 481, 'Call/Transaction Does Not Exist'), path);
  }

  #response(response: SipResponse, source: Hop): void {
    // RFC 3261 §8.1.3.3: a response with a second Via was not meant for us.
    const misrouted = response.headers.count('via') > 1;
    if (misrouted || !this.#clients.receive(response, source)) this.#transports.drop('stray-response');
  }

  #malformed({ request, status, phrase }: ParseFaultAnswer, path: ReturnPath, bytes: number): void {
    if (!this.#gate.charge(path.first)) this.#transports.drop('rate');
    else this.#replyTo(bytes, statelessResponse(this.#secret, request, status, phrase), path);
  }

  /** An answer to bytes whose source nobody has verified: it must not be worth forging an address for. */
  #replyTo(requestBytes: number, response: SipResponse, path: ReturnPath): void {
    if (serializeMessage(response).length > maxAmplification * requestBytes)
      this.#transports.drop('reply-too-large');
    else this.#reply(response, path);
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
