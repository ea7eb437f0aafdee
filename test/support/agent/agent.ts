import {
  type Core,
  Invitation,
  Inviter,
  type Session,
  SessionState,
  SIPExtension,
  UserAgent,
  UserAgentState,
} from 'sip.js';
import { type Alias, CallMedia } from './call-media.ts';
import type { Law } from './g711.ts';
import type { RtpEndpoint } from './rtp-endpoint.ts';
import { TcpTransport, type TcpTransportOptions } from './tcp-transport.ts';

export interface AgentOptions {
  /** The user part it is called by; sip.js answers 404 to any other. */
  readonly user: string;
  /** Another one, which its Contact has. */
  readonly contactUser?: string;
  readonly address?: string;
  /** Where its own calls go; absent: it only takes calls. */
  readonly proxy?: { readonly host: string; readonly port: number };
  readonly laws?: readonly Law[];
  /** With `laws: ['pcma']`: what it is called instead. */
  readonly alias?: Alias;
  /** Offers and takes RTP/SAVP alone. */
  readonly isSecure?: boolean;
  /** Knows reliable provisionals, and acknowledges them (RFC 3262). */
  readonly acknowledges?: boolean;
  readonly trace?: TcpTransportOptions['trace'];
}

/** A SIP user agent that owes nothing to the product: sip.js over TCP with an own transport, SDP and RTP. */
export class Agent {
  readonly #userAgent: UserAgent;
  readonly #address: string;
  readonly #waiting: ((call: AgentCall) => void)[] = [];
  readonly #arrived: AgentCall[] = [];
  readonly #calls: AgentCall[] = [];

  private constructor(userAgent: UserAgent, address: string) {
    this.#userAgent = userAgent;
    this.#address = address;
  }

  static async start(options: AgentOptions): Promise<Agent> {
    const address = options.address ?? '127.0.0.1';
    const transportOptions: TcpTransportOptions = {
      address,
      proxy: options.proxy ?? null,
      ...(options.trace === undefined ? {} : { trace: options.trace }),
    };
    const uri = UserAgent.makeURI(`sip:${options.user}@${address}`);
    if (uri === undefined) throw new Error(`"${options.user}" does not make a SIP URI`);
    const userAgent = new UserAgent({
      uri,
      viaHost: address,
      contactName: options.contactUser ?? options.user,
      contactParams: { transport: 'tcp' },
      hackViaTcp: true,
      logBuiltinEnabled: false,
      sipExtension100rel: options.acknowledges === true ? SIPExtension.Supported : SIPExtension.Unsupported,
      // An INVITE with Replaces takes the place of a call of ours (RFC 3891).
      sipExtensionReplaces: SIPExtension.Supported,
      transportConstructor: TcpTransport,
      transportOptions,
      sessionDescriptionHandlerFactory: () =>
        new CallMedia(address, options.laws ?? ['pcma', 'pcmu'], options.alias, options.isSecure),
    });
    const agent = new Agent(userAgent, address);
    userAgent.delegate = {
      onInvite: (invitation) => {
        agent.#take(invitation);
      },
    };
    await userAgent.start();
    return agent;
  }

  /** Where it takes calls, to be named as a target. */
  get port(): number {
    return this.#transport.port;
  }

  get target(): string {
    return `sip:${this.#address}:${this.port};transport=tcp`;
  }

  /** Places a call; `AgentCall.answered` tells how it went. */
  call(uri: string, extraHeaders: readonly string[] = [], how: CallingHow = {}): AgentCall {
    const target = UserAgent.makeURI(uri);
    if (target === undefined) throw new Error(`"${uri}" is no SIP URI`);
    const inviter = new Inviter(this.#userAgent, target, {
      extraHeaders: [...extraHeaders],
      earlyMedia: how.hearsEarly === true,
      inviteWithoutSdp: how.offersLate === true,
    });
    const call = new AgentCall(inviter);
    this.#calls.push(call);
    call.invite(inviter);
    return call;
  }

  /** The next incoming call, ringing. */
  nextCall(): Promise<AgentCall> {
    const call = this.#arrived.shift();
    if (call !== undefined) return Promise.resolve(call);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Takes every call from now on at once. */
  answerAll(onCall: (call: AgentCall) => void = () => undefined): void {
    void this.nextCall().then(async (call) => {
      this.answerAll(onCall);
      await call.answer();
      onCall(call);
    });
  }

  async stop(): Promise<void> {
    for (const call of this.#calls) call.closeMedia();
    if (this.#userAgent.state === UserAgentState.Started) await this.#userAgent.stop();
  }

  get #transport(): TcpTransport {
    const { transport } = this.#userAgent;
    if (!(transport instanceof TcpTransport)) throw new Error('sip.js was given another transport');
    return transport;
  }

  #take(invitation: Invitation): void {
    const call = new AgentCall(invitation);
    this.#calls.push(call);
    const waiter = this.#waiting.shift();
    if (waiter === undefined) this.#arrived.push(call);
    else waiter(call);
  }
}

export interface CallingHow {
  /** Takes the answer of a provisional, speaks and hears by it, and wants the 2xx to be of the same dialog. */
  readonly hearsEarly?: boolean;
  /** Leaves the offer to the other side. */
  readonly offersLate?: boolean;
}

/** How a call that was placed went. */
export interface Answer {
  readonly status: number;
  readonly reason: string;
}

/** One side of one call. */
export class AgentCall {
  /** The final answer to the INVITE, with 200 once the ACK is out. */
  readonly answered: Promise<Answer>;
  readonly ended: Promise<void>;
  readonly session: Session;
  #answer: (answer: Answer) => void = () => undefined;

  constructor(session: Session) {
    this.session = session;
    this.answered = new Promise((resolve) => {
      this.#answer = resolve;
    });
    this.ended = new Promise((resolve) => {
      session.stateChange.addListener((state) => {
        if (state === SessionState.Established) this.#answer({ status: 200, reason: 'OK' });
        if (state === SessionState.Terminated) resolve();
      });
    });
  }

  get media(): CallMedia {
    return this.session.sessionDescriptionHandler as CallMedia;
  }

  get rtp(): RtpEndpoint {
    return this.media.rtp;
  }

  get state(): SessionState {
    return this.session.state;
  }

  /** The request that this side received; null on the calling side. */
  get request(): Core.IncomingRequestMessage | null {
    return this.session instanceof Invitation ? this.session.request : null;
  }

  /** Call-ID of its dialog, also before there is one on the calling side. */
  get sipCallId(): string {
    return this.session instanceof Inviter ? this.session.request.callId : (this.request?.callId ?? '');
  }

  invite(inviter: Inviter): void {
    const note = (response: Core.IncomingResponse): void => {
      const { statusCode = 0, reasonPhrase = '' } = response.message;
      this.#answer({ status: statusCode, reason: reasonPhrase });
    };
    inviter.invite({ requestDelegate: { onReject: note } }).catch((error: unknown) => {
      this.#answer({ status: 0, reason: error instanceof Error ? error.message : String(error) });
    });
  }

  async answer(): Promise<void> {
    if (!(this.session instanceof Invitation)) throw new Error('only an incoming call can be answered');
    await this.session.accept();
  }

  async reject(status: number): Promise<void> {
    if (!(this.session instanceof Invitation)) throw new Error('only an incoming call can be rejected');
    await this.session.reject({ statusCode: status });
  }

  /** BYE, or CANCEL while it rings. */
  async hangUp(): Promise<void> {
    if (this.session.state === SessionState.Established) await this.session.bye();
    else if (this.session instanceof Inviter) await this.session.cancel();
    await this.ended;
  }

  /** re-INVITE with `a=sendonly`; resolves when the other side has agreed. */
  hold(): Promise<void> {
    return this.#reinvite('sendonly');
  }

  resume(): Promise<void> {
    return this.#reinvite('sendrecv');
  }

  /** A key by INFO. */
  async info(key: string): Promise<void> {
    const body = {
      contentDisposition: 'render',
      contentType: 'application/dtmf-relay',
      content: `Signal=${key}\r\nDuration=160\r\n`,
    };
    await this.session.info({ requestOptions: { body } });
  }

  /** A phone's record key: an INFO with this header; resolves with the status of its answer. */
  record(value: 'on' | 'off' | 'pause' | 'resume'): Promise<number> {
    const requestOptions = { extraHeaders: [`Record: ${value}`] };
    return new Promise((resolve, reject) => {
      const settle = ({ message }: Core.IncomingResponse): void => {
        resolve(message.statusCode ?? 0);
      };
      const requestDelegate = { onAccept: settle, onReject: settle };
      this.session.info({ requestOptions, requestDelegate }).catch(reject);
    });
  }

  closeMedia(): void {
    this.session.sessionDescriptionHandler?.close();
  }

  #reinvite(wants: 'sendonly' | 'sendrecv'): Promise<void> {
    this.media.wants = wants;
    return new Promise((resolve, reject) => {
      const requestDelegate: Core.OutgoingRequestDelegate = {
        onAccept: () => {
          resolve();
        },
        onReject: ({ message }) => {
          reject(new Error(`re-INVITE was answered with ${message.statusCode ?? 0}`));
        },
      };
      this.session.invite({ requestDelegate }).catch(reject);
    });
  }
}
