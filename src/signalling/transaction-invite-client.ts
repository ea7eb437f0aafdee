import { namedTimers } from '../kernel/timers.ts';
import type { Timers } from '../kernel/timers.ts';
import { startInviteClient, stepInviteClient } from '../sip/invite-client-machine.ts';
import type {
  InviteClientEffect,
  InviteClientEvent,
  InviteClientState,
  InviteClientStep,
  InviteClientTimer,
} from '../sip/invite-client-machine.ts';
import { ackToFailure, cancelOf } from '../sip/invite-requests.ts';
import type { SipRequest, SipResponse } from '../sip/message.ts';
import { serializeMessage } from '../sip/serialize.ts';
import { transactionTimeout } from '../sip/transaction-timers.ts';
import { isReliable } from '../sip/transport-name.ts';
import type { InviteClientContext } from './transaction-context.ts';
import type { ClientEvents, ClientTransaction, Hop } from './transaction-layer.ts';

/** Besides the machine's own: no response at all within the user's limit; no final after our CANCEL. */
type TimerName = InviteClientTimer | 'no-response' | 'cancelled';

export interface InviteClientOptions {
  readonly branch: string;
  /** With our Via on top. */
  readonly request: SipRequest;
  readonly hop: Hop;
  readonly events: ClientEvents;
  /** Null: Timer B alone. */
  readonly timeoutMs: number | null;
  readonly ended: () => void;
}

/** Runs the INVITE client machine: sends, keeps time, and knows when a CANCEL may go out. */
export class InviteClient implements ClientTransaction {
  readonly id: string;
  readonly request: SipRequest;
  readonly #context: InviteClientContext;
  readonly #options: InviteClientOptions;
  readonly #bytes: Buffer;
  readonly #timers: Timers<TimerName>;
  #state: InviteClientState;
  /** The user has had its last word and hears no more. */
  #told = false;
  #cancel: 'not-wanted' | 'waits-for-provisional' | 'sent' = 'not-wanted';
  #reason: string | null = null;
  #ack: Buffer | null = null;
  /** Whether more than 100 has come. */
  #rang = false;
  /** By which the INVITE went out. */
  #connection: number | null = null;

  constructor(context: InviteClientContext, options: InviteClientOptions) {
    this.id = options.branch;
    this.request = options.request;
    this.#context = context;
    this.#options = options;
    this.#bytes = serializeMessage(options.request);
    this.#timers = namedTimers(context.schedule, (name) => {
      this.#expired(name);
    });
    const first = startInviteClient(isReliable(options.hop.transport));
    this.#state = first.state;
    if (options.timeoutMs !== null) this.#timers.set('no-response', options.timeoutMs);
    this.#run(first);
  }

  cancel(reason: string | null): void {
    if (this.#cancel !== 'not-wanted') return;
    this.#reason = reason;
    this.#cancel = 'waits-for-provisional';
    this.#cancelIfAllowed();
  }

  /**
   * RFC 3261 §9.1: "If no provisional response has been received, the CANCEL request MUST NOT be sent", and after
   * a final response it "has no effect".
   */
  #cancelIfAllowed(): void {
    if (this.#cancel !== 'waits-for-provisional' || this.#state.phase !== 'proceeding') return;
    this.#cancel = 'sent';
    // §9.1: without a final response 64*T1 after the CANCEL, the transaction is taken to be cancelled.
    this.#timers.set('cancelled', transactionTimeout);
    this.#context.sendCancel(cancelOf(this.request, this.#reason), this.id, this.#options.hop);
  }

  receive(response: SipResponse, source: Hop): void {
    this.#timers.clear('no-response');
    if (response.status >= 200) this.#timers.clear('cancelled');
    if (response.status > 100) this.#rang = true;
    this.#step({ type: 'response', status: response.status }, response, source);
    this.#cancelIfAllowed();
  }

  #expired(name: TimerName): void {
    if (name === 'no-response') this.#giveUp('timeout');
    else if (name === 'cancelled') this.#run(this.#failedBy('timeout'));
    else this.#step({ type: 'timer', timer: name });
  }

  /**
   * The user goes elsewhere; the peer may have the INVITE all the same, and ring. So nothing is sent any more, and
   * what comes late is cancelled (§9.1), or acknowledged and hung up.
   */
  #giveUp(cause: 'timeout' | 'transport'): void {
    this.#timers.clear('A');
    this.#fail(cause);
    if (this.#cancel === 'not-wanted') this.#cancel = 'waits-for-provisional';
    this.#cancelIfAllowed();
  }

  /**
   * The connection is gone. Before it rings the call can go elsewhere, so the user is told at once (RFC 3261
   * §17.1.4); once it rings, the other side opens a new connection for its answer (§18.2.2).
   */
  lost(connection: number): void {
    if (connection === this.#connection && !this.#rang) this.#giveUp('transport');
  }

  #failedBy(cause: 'timeout' | 'transport'): InviteClientStep {
    return {
      state: { ...this.#state, phase: 'terminated' },
      effects: [{ do: 'fail', cause }, { do: 'terminate' }],
    };
  }

  #step(event: InviteClientEvent, response?: SipResponse, source?: Hop): void {
    this.#run(stepInviteClient(this.#state, event), response, source);
  }

  #run(step: InviteClientStep, response?: SipResponse, source?: Hop): void {
    this.#state = step.state;
    for (const effect of step.effects) this.#perform(effect, response, source);
  }

  #perform(effect: InviteClientEffect, response?: SipResponse, source?: Hop): void {
    switch (effect.do) {
      case 'send-request':
        this.#send(this.#bytes);
        break;
      case 'send-ack':
        if (response !== undefined) this.#ack ??= serializeMessage(ackToFailure(this.request, response));
        if (this.#ack !== null) this.#send(this.#ack);
        break;
      case 'pass-response':
        if (response !== undefined && source !== undefined) this.#pass(response, source);
        break;
      case 'fail':
        this.#fail(effect.cause);
        break;
      case 'start-timer':
        this.#timers.set(effect.timer, effect.ms);
        break;
      case 'stop-timer':
        this.#timers.clear(effect.timer);
        break;
      case 'terminate':
        this.#timers.clearAll();
        this.#options.ended();
        break;
    }
  }

  #send(bytes: Buffer): void {
    this.#connection = this.#context.send(bytes, this.#options.hop, () => {
      this.#step({ type: 'transport-error' });
    });
  }

  #pass(response: SipResponse, source: Hop): void {
    if (!this.#told) {
      this.#context.tell(() => {
        this.#options.events.response(response, source);
      });
    } else if (response.status >= 200 && response.status < 300) {
      this.#context.release(this.request, response, source);
    }
  }

  #fail(cause: 'timeout' | 'transport'): void {
    if (this.#told) return;
    this.#told = true;
    // After a final response the user waits for nothing any more: an ACK that could not go out comes again.
    if (this.#ack !== null) return;
    this.#context.tell(() => {
      this.#options.events.failed(cause);
    });
  }

  /** Stops without telling anybody. */
  forget(): void {
    this.#timers.clearAll();
    this.#told = true;
  }
}
