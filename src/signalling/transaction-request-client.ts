import { namedTimers } from '../kernel/timers.ts';
import type { Timers } from '../kernel/timers.ts';
import type { SipRequest, SipResponse } from '../sip/message.ts';
import { startRequestClient, stepRequestClient } from '../sip/request-client-machine.ts';
import type {
  RequestClientEffect,
  RequestClientEvent,
  RequestClientState,
  RequestClientStep,
  RequestClientTimer,
} from '../sip/request-client-machine.ts';
import { serializeMessage } from '../sip/serialize.ts';
import { isReliable } from '../sip/transport-name.ts';
import type { TransactionContext } from './transaction-context.ts';
import type { ClientEvents, ClientTransaction, Hop } from './transaction-layer.ts';

export interface RequestClientOptions {
  readonly branch: string;
  /** With our Via on top. */
  readonly request: SipRequest;
  readonly hop: Hop;
  readonly events: ClientEvents;
  readonly ended: () => void;
}

/** Runs the non-INVITE client machine. */
export class RequestClient implements ClientTransaction {
  readonly id: string;
  readonly request: SipRequest;
  readonly #context: TransactionContext;
  readonly #options: RequestClientOptions;
  readonly #bytes: Buffer;
  readonly #timers: Timers<RequestClientTimer>;
  #state: RequestClientState;
  /** By which the request went out. */
  #connection: number | null = null;

  constructor(context: TransactionContext, options: RequestClientOptions) {
    this.id = options.branch;
    this.request = options.request;
    this.#context = context;
    this.#options = options;
    this.#bytes = serializeMessage(options.request);
    this.#timers = namedTimers(context.schedule, (timer) => {
      this.#step({ type: 'timer', timer });
    });
    const first = startRequestClient(isReliable(options.hop.transport));
    this.#state = first.state;
    this.#run(first);
  }

  /** RFC 3261 §9.1: a CANCEL "SHOULD NOT be sent to cancel a request other than INVITE". */
  cancel(): void {
    // Nothing: the request is answered soon anyway.
  }

  receive(response: SipResponse, source: Hop): void {
    this.#step({ type: 'response', status: response.status }, response, source);
  }

  /** The connection is gone: no answer is waited for (RFC 3261 §17.1.4). */
  lost(connection: number): void {
    if (connection === this.#connection) this.#step({ type: 'transport-error' });
  }

  #step(event: RequestClientEvent, response?: SipResponse, source?: Hop): void {
    this.#run(stepRequestClient(this.#state, event), response, source);
  }

  #run(step: RequestClientStep, response?: SipResponse, source?: Hop): void {
    this.#state = step.state;
    for (const effect of step.effects) this.#perform(effect, response, source);
  }

  #perform(effect: RequestClientEffect, response?: SipResponse, source?: Hop): void {
    const { events, hop, ended } = this.#options;
    switch (effect.do) {
      case 'send-request':
        this.#connection = this.#context.send(this.#bytes, hop, () => {
          this.#step({ type: 'transport-error' });
        });
        break;
      case 'pass-response':
        this.#context.tell(() => {
          if (response !== undefined && source !== undefined) events.response(response, source);
        });
        break;
      case 'fail':
        this.#context.tell(() => {
          events.failed(effect.cause);
        });
        break;
      case 'start-timer':
        this.#timers.set(effect.timer, effect.ms);
        break;
      case 'stop-timer':
        this.#timers.clear(effect.timer);
        break;
      case 'terminate':
        this.#timers.clearAll();
        ended();
        break;
    }
  }

  /** Stops without telling anybody. */
  forget(): void {
    this.#timers.clearAll();
    this.#state = { ...this.#state, phase: 'terminated' };
  }
}
