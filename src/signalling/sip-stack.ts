import type { Clock } from '../kernel/clock.ts';
import type { RandomBytes } from '../kernel/ids.ts';
import type { Logger } from '../kernel/logger.ts';
import type { Gauge, Meter } from '../kernel/meter.ts';
import type { Schedule } from '../kernel/timers.ts';
import type { SipRequest, SipResponse } from '../sip/message.ts';
import { sizeOfRequest } from '../sip/message-size.ts';
import { serializeMessage } from '../sip/serialize.ts';
import type { SipTransport } from '../sip/transport-name.ts';
import type { LimitOptions } from './defence/options.ts';
import type { RequestGate } from './defence/request-gate.ts';
import type { ListenerOptions } from './options.ts';
import type { MessageObserver } from './trace/message-observer.ts';
import { noSuchCall, type Refusal, retryAfter } from './refusal.ts';
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

/** A request as it came, and the way of its answers. */
interface Arrival {
  readonly request: SipRequest;
  readonly path: ReturnPath;
  readonly bytes: number;
}

/** How much larger than a request an answer may be that leaves nothing behind. */
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
      ways: this.#largeRequests,
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

  connectionFrom(listener: string, isTheirs: (address: string, port: number) => boolean): Hop | null {
    return this.#transports.connectionFrom(listener, isTheirs);
  }

  sentBy(listener: string): { host: string; port: number; transport: SipTransport } {
    return this.#transports.sentBy(listener);
  }

  #fromTransports(): ConstructorParameters<typeof Transports>[0]['user'] {
    return {
      request: (request, source, path, bytes) => {
        this.#request({ request, path, bytes }, source);
      },
      response: (response, source) => {
        this.#response(response, source);
      },
      malformed: ({ request, status, phrase }, path, bytes) => {
        if (!this.#gate.charge(path.first)) this.#transports.drop('rate');
        else this.#answer({ request, path, bytes }, { status, phrase });
      },
      stranger: (request, path, bytes) => {
        this.#answer({ request, path, bytes }, { status: 403, phrase: 'Forbidden' });
      },
      lost: (connection) => {
        this.#clients.lost(connection);
      },
    };
  }

  #request(arrival: Arrival, source: Hop): void {
    const { request, path } = arrival;
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
    } else if (request.method !== 'CANCEL') {
      this.#admit(arrival, source, charged);
    } else if (!this.#servers.cancel(request, source, path)) {
      // RFC 3261 §9.2: 481; without a transaction, since there is nothing to keep.
      if (charged) this.#answer(arrival, noSuchCall);
      else this.#transports.drop('rate');
    }
  }

  #admit(arrival: Arrival, source: Hop, charged: boolean): void {
    const { request, path } = arrival;
    const verdict = this.#gate.judge(request, source, charged);
    if (verdict === 'silence') {
      this.#transports.drop('rate');
    } else if (verdict !== 'serve') {
      const headers = [retryAfter(verdict.retryAfterSeconds)];
      this.#answer(arrival, { status: 503, phrase: 'Service Unavailable', headers });
    } else {
      const refusal = this.#options.user.screen?.(request, source) ?? null;
      if (refusal === null) this.#servers.begin(request, source, path);
      else this.#answer(arrival, refusal);
    }
  }

  /**
   * Answers without a transaction (RFC 3261 §8.2.7). Over UDP nobody has verified the source: an answer must not be
   * worth forging an address for.
   */
  #answer({ request, path, bytes }: Arrival, { status, phrase, headers = [] }: Refusal): void {
    const response = statelessResponse(this.#secret, request, status, phrase);
    for (const [name, value] of headers) response.headers.append(name, value);
    const answer = serializeMessage(response);
    if (path.first.transport === 'udp' && answer.length > maxAmplification * bytes) {
      this.#transports.drop('reply-too-large');
      return;
    }
    this.#transports.sendBack(answer, path, () => {
      this.#transports.drop('reply-unsent');
    });
  }

  #response(response: SipResponse, source: Hop): void {
    // RFC 3261 §8.1.3.3: a response with a second Via was not meant for us.
    const misrouted = response.headers.count('via') > 1;
    if (misrouted || !this.#clients.receive(response, source)) this.#transports.drop('stray-response');
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
