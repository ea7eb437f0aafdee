import { isIPv6 } from 'node:net';
import type { Socket } from 'node:net';
import type { Clock } from '../../kernel/clock.ts';
import type { Logger } from '../../kernel/logger.ts';
import type { RandomBytes } from '../../kernel/ids.ts';
import type { Counter, Meter } from '../../kernel/meter.ts';
import type { Schedule } from '../../kernel/timers.ts';
import type { SipMessage, SipRequest, SipResponse } from '../../sip/message.ts';
import { parseMessage } from '../../sip/parse.ts';
import type { ParseFaultAnswer } from '../../sip/parse-fault.ts';
import type { SipTransport } from '../../sip/transport-name.ts';
import { parseVia, stampVia } from '../../sip/via.ts';
import { defaultLimitOptions, type LimitOptions } from '../defence/options.ts';
import type { ListenerOptions } from '../options.ts';
import { MessageMeter } from '../trace/message-meter.ts';
import { type MessageObserver, MessageTrace } from '../trace/message-observer.ts';
import type { Hop } from '../transaction-layer.ts';
import { addressRules, type CertificateRules } from './certificate-rules.ts';
import { returnPath } from './return-path.ts';
import type { ReturnPath } from './return-path.ts';
import { SocketMarks } from './socket-marks.ts';
import { StrangerGate } from './stranger-gate.ts';
import { TcpTransport } from './tcp-transport.ts';
import { TlsTransport } from './tls-transport.ts';
import type { Transport, TransportEvents } from './transport.ts';
import { WsTransport } from './ws-transport.ts';
import { UdpTransport } from './udp-transport.ts';

/** What the layer above is handed. Nothing of it comes from strangers, but for `stranger`. */
interface TransportsUser {
  /** The request's top Via is stamped already (`received`, `rport`). `bytes`: its length. */
  request(request: SipRequest, source: Hop, path: ReturnPath, bytes: number): void;
  response(response: SipResponse, source: Hop): void;
  /** A request of a peer that cannot be parsed, but answered. `bytes`: its length. */
  malformed(answer: ParseFaultAnswer, path: ReturnPath, bytes: number): void;
  /** A request, not ACK, of who is no peer; its source has not been told so too often. */
  stranger(request: SipRequest, path: ReturnPath, bytes: number): void;
  /** A connection is gone: what waits for an answer on it need not wait. */
  lost(connection: number): void;
}

interface TransportsOptions {
  readonly listeners: readonly ListenerOptions[];
  readonly limits?: LimitOptions;
  readonly isPeer: (listener: string, address: string, port: number) => boolean;
  /** Absent: addresses alone count. */
  readonly certificates?: CertificateRules;
  readonly user: TransportsUser;
  readonly observers?: readonly MessageObserver[];
  readonly clock: Clock;
  readonly schedule: Schedule;
  readonly random: RandomBytes;
  readonly logger: Logger;
  readonly meter: Meter;
}

export interface BoundListener {
  readonly id: string;
  readonly transport: SipTransport;
  readonly address: string;
  readonly port: number;
}

interface Listening {
  readonly options: ListenerOptions;
  readonly transport: Transport;
  port: number;
}

/** How seldom a dialled connection is asked whether it lives: often enough for the NATs that forget in a minute. */
const longestPingMs = 50_000;

/** All listeners: messages in from peers only, bytes out. */
export class Transports {
  readonly #options: TransportsOptions;
  readonly #listeners = new Map<string, Listening>();
  readonly #limits: LimitOptions;
  readonly #gate = new StrangerGate();
  readonly #meter: MessageMeter;
  readonly #trace: MessageTrace;
  readonly #counters = new Map<string, Counter>();
  #connections = 0;

  constructor(options: TransportsOptions) {
    this.#options = options;
    this.#limits = options.limits ?? defaultLimitOptions;
    this.#meter = new MessageMeter(options.meter);
    this.#trace = new MessageTrace({
      observers: options.observers ?? [],
      clock: options.clock,
      localOf: (listener) => this.sentBy(listener),
      failed: (cause) => {
        this.drop('trace-failed');
        options.logger.error('sip-trace-failed', describeBug(cause));
      },
    });
    for (const listener of options.listeners) this.#listeners.set(listener.id, this.#listening(listener));
  }

  #listening(listener: ListenerOptions): Listening {
    const isPeer = (address: string, port: number): boolean =>
      this.#options.isPeer(listener.id, address, port);
    const events = {
      message: (bytes: Buffer, source: Hop, trusted: boolean): void => {
        this.#count('received', source);
        this.#guard(() => {
          this.#receive(bytes, source, trusted);
        });
      },
      dropped: (reason: string): void => {
        this.drop(reason);
      },
      lost: (hop: Hop, reason: string): void => {
        this.#lost(hop, reason);
      },
    };
    const transport = this.#transport(listener, isPeer, events);
    return { options: listener, transport, port: listener.port };
  }

  #count(direction: 'received' | 'sent', { transport }: Hop): void {
    const key = `${direction} ${transport}`;
    let counter = this.#counters.get(key);
    if (counter === undefined) {
      counter = this.#options.meter.counter('onrecord_sip_messages_total', 'SIP messages', {
        ...{ direction, transport },
      });
      this.#counters.set(key, counter);
    }
    counter.add();
  }

  #transport(
    listener: ListenerOptions,
    isPeer: (address: string, port: number) => boolean,
    events: TransportEvents,
  ): Transport {
    const { schedule, logger, clock, meter } = this.#options;
    const marks = new SocketMarks({ listener, logger, meter });
    const stream = {
      ...{ listener, isPeer, events, schedule, logger, clock, meter, limits: this.#limits },
      pingMs: () => this.#pingMs(),
      nextConnection: () => ++this.#connections,
      prepare: (socket: Socket) => {
        marks.set(socket, 'stream');
      },
    };
    if (listener.transport === 'udp') {
      const prepareDatagrams = (socket: object): void => {
        marks.set(socket, 'datagram');
      };
      return new UdpTransport({ ...stream, prepareDatagrams });
    }
    if (listener.transport === 'tcp') return new TcpTransport(stream);
    const rules = this.#options.certificates ?? addressRules;
    if (listener.transport === 'tls') return new TlsTransport({ ...stream, rules });
    return new WsTransport({ ...stream, rules, kind: listener.transport });
  }

  /** Binds every listener; on the first that cannot be, closes the others and rejects. */
  async start(): Promise<readonly BoundListener[]> {
    const bound: BoundListener[] = [];
    try {
      for (const [id, listening] of this.#listeners) {
        const { address, port } = await listening.transport.start();
        listening.port = port;
        bound.push({ id, transport: listening.transport.kind, address, port });
      }
    } catch (cause) {
      await this.close();
      throw cause;
    }
    return bound;
  }

  /** Looks whether certificates' files have changed. */
  async reload(): Promise<void> {
    await Promise.all(Array.from(this.#listeners.values(), ({ transport }) => transport.reload()));
  }

  async close(): Promise<void> {
    await Promise.all(Array.from(this.#listeners.values(), ({ transport }) => transport.close()));
  }

  sentBy(listener: string): { host: string; port: number; transport: SipTransport } {
    const listening = this.#listeners.get(listener);
    if (listening === undefined) throw new Error(`there is no sip listener ${listener}`);
    const { address, advertise } = listening.options;
    const host = advertise ?? address;
    return {
      host: isIPv6(host) ? `[${host}]` : host,
      port: listening.port,
      transport: listening.transport.kind,
    };
  }

  /** The newest connection that somebody of these has opened to the listener; null: there is none. */
  connectionFrom(listener: string, isTheirs: (address: string, port: number) => boolean): Hop | null {
    return this.#listeners.get(listener)?.transport.connectionFrom(isTheirs) ?? null;
  }

  /** Counts something thrown away; the reason is a slug. */
  drop(reason: string): void {
    this.#options.meter
      .counter('onrecord_sip_dropped_total', 'SIP messages and connections thrown away', { reason })
      .add();
  }

  /** RFC 5626 §4.4.1: "a random number between 80% and 100%" of the longest interval. */
  #pingMs(): number {
    const [dice = 0] = this.#options.random(1);
    return longestPingMs * (0.8 + (0.2 * dice) / 255);
  }

  #lost({ transport, connection }: Hop, reason: string): void {
    const labels = { transport, reason };
    this.#options.meter
      .counter('onrecord_sip_connections_lost_total', 'Connections of peers that ended, by reason', labels)
      .add();
    this.#guard(() => {
      if (connection !== undefined) this.#options.user.lost(connection);
    });
  }

  /**
   * *Takes* the bytes. `failed` is called at most once, never before this returns. Gives the connection that they
   * go by; null: there is none.
   */
  send(bytes: Buffer, hop: Hop, failed: () => void): number | null {
    const listening = this.#listeners.get(hop.listener);
    if (listening === undefined) {
      this.drop('no-such-listener');
      queueMicrotask(failed);
      return null;
    }
    this.#count('sent', hop);
    this.#meter.sent(bytes);
    this.#trace.sent(bytes, hop);
    return listening.transport.send(bytes, hop, () => {
      this.#guard(failed);
    });
  }

  /** Tells whether a TCP connection leads to a UDP hop; at once where that is known. */
  reachByTcp(hop: Hop, done: (reached: boolean) => void): void {
    const guarded = (reached: boolean): void => {
      this.#guard(() => {
        done(reached);
      });
    };
    const transport = this.#listeners.get(hop.listener)?.transport;
    if (transport instanceof UdpTransport) transport.reachByTcp(hop, guarded);
    else guarded(false);
  }

  /** Sends a response back (RFC 3261 §18.2.2): where the first way fails, by the second. *Takes* the bytes. */
  sendBack(bytes: Buffer, path: ReturnPath, failed: () => void): void {
    const { first, second } = path;
    if (second === null) {
      this.send(bytes, first, failed);
    } else if (this.#isClosed(first)) {
      this.send(bytes, second, failed);
    } else {
      this.send(bytes, first, () => {
        this.send(bytes, second, failed);
      });
    }
  }

  #isClosed(hop: Hop): boolean {
    const transport = this.#listeners.get(hop.listener)?.transport;
    return hop.connection !== undefined && transport?.isUsable(hop.connection) === false;
  }

  #receive(bytes: Buffer, source: Hop, trusted: boolean): void {
    if (!trusted && !this.#gate.mayAnswer(source.address, this.#options.clock.monotonic())) {
      this.drop('stranger');
      return;
    }
    const parsed = parseMessage(bytes, this.#limits);
    this.#note(bytes, parsed.ok ? parsed.value : parsed.error.answer?.request, source);
    if (!parsed.ok) {
      this.#malformed(parsed.error.reason, trusted ? parsed.error.answer : null, source, bytes.length);
    } else if (parsed.value.type === 'request') {
      if (trusted) this.#request(parsed.value, source, bytes.length);
      else this.#stranger(parsed.value, source, bytes.length);
    } else if (trusted) {
      this.#options.user.response(parsed.value, source);
    } else {
      this.drop('stranger');
    }
  }

  /** A broken request that gets an answer is counted and shown too: the answer alone would puzzle. */
  #note(bytes: Buffer, message: SipMessage | undefined, source: Hop): void {
    if (message === undefined) return;
    this.#meter.received(bytes);
    this.#trace.received(bytes, source, message.headers.first('call-id'));
  }

  /** A request that a transaction had already. */
  repeated(): void {
    this.#meter.repeated();
  }

  #malformed(reason: string, answer: ParseFaultAnswer | null, source: Hop, bytes: number): void {
    if (reason === 'keep-alive') return;
    this.drop(reason);
    this.#options.logger.debug('sip-malformed', { reason, answered: answer !== null });
    if (answer === null) return;
    const value = answer.request.headers.first('via') ?? '';
    const via = parseVia(value);
    if (via === null) {
      // Its sent-by can be read, its parameters cannot: the answer goes where the request came from.
      this.#options.user.malformed(answer, { first: source, second: null }, bytes);
      return;
    }
    answer.request.headers.setFirst('Via', stampVia(value, via, source.address, source.port));
    this.#options.user.malformed(answer, returnPath(via, source), bytes);
  }

  #request(request: SipRequest, source: Hop, bytes: number): void {
    const path = wayBack(request, source);
    if (path !== null) this.#options.user.request(request, source, path, bytes);
  }

  #stranger(request: SipRequest, source: Hop, bytes: number): void {
    this.drop('stranger');
    const path = request.method === 'ACK' ? null : wayBack(request, source);
    if (path !== null) this.#options.user.stranger(request, path, bytes);
  }

  /** Nothing that a message brings about ends the process: it is counted, and logged without the message. */
  #guard(run: () => void): void {
    try {
      run();
    } catch (cause) {
      this.drop('dispatch-failed');
      this.#options.logger.error('sip-dispatch-failed', describeBug(cause));
    }
  }
}

/** Stamps the top Via (RFC 3261 §18.2.1, RFC 3581 §4) and gives the way of the responses. */
function wayBack(request: SipRequest, source: Hop): ReturnPath | null {
  const value = request.headers.first('via') ?? '';
  const via = parseVia(value);
  if (via === null) return null;
  const stamped = stampVia(value, via, source.address, source.port);
  if (stamped !== value) request.headers.setFirst('Via', stamped);
  return returnPath(via, source);
}

/** The kind of an error and where it arose; its text may hold what the network wrote. */
export function describeBug(cause: unknown): { error: string; at: string } {
  if (!(cause instanceof Error)) return { error: 'not an error', at: '' };
  const text = cause.stack ?? '';
  const frame = /\n\s+at ([^\n]*)/.exec(text.slice(text.indexOf(cause.message) + cause.message.length));
  return { error: cause.name, at: frame?.[1] ?? '' };
}
