import { namedTimers } from '../kernel/timers.ts';
import type { Timers } from '../kernel/timers.ts';
import type { SipRequest, SipResponse } from '../sip/message.ts';
import { startRequestServer, stepRequestServer } from '../sip/request-server-machine.ts';
import type {
  RequestServerEffect,
  RequestServerEvent,
  RequestServerState,
  RequestServerTimer,
} from '../sip/request-server-machine.ts';
import { serializeMessage } from '../sip/serialize.ts';
import { transactionTimeout } from '../sip/transaction-timers.ts';
import { isReliable } from '../sip/transport-name.ts';
import type { TransactionContext } from './transaction-context.ts';
import type { Hop, ServerTransaction } from './transaction-layer.ts';
import type { ReturnPath } from './transport/return-path.ts';

export interface RequestServerOptions {
  readonly id: string;
  readonly request: SipRequest;
  readonly source: Hop;
  readonly path: ReturnPath;
  readonly failed: (transaction: ServerTransaction, cause: 'timeout' | 'transport') => void;
  readonly ended: () => void;
}

/** Besides the machine's own: the user has given no final response. */
type TimerName = RequestServerTimer | 'unanswered';

/** Runs the non-INVITE server machine. */
export class RequestServer implements ServerTransaction {
  readonly id: string;
  readonly request: SipRequest;
  readonly source: Hop;
  readonly #context: TransactionContext;
  readonly #options: RequestServerOptions;
  readonly #timers: Timers<TimerName>;
  #state: RequestServerState<Buffer>;
  #failed = false;

  constructor(context: TransactionContext, options: RequestServerOptions) {
    this.id = options.id;
    this.request = options.request;
    this.source = options.source;
    this.#context = context;
    this.#options = options;
    this.#timers = namedTimers(context.schedule, (name) => {
      if (name === 'unanswered') this.#abandon();
      else this.#step({ type: 'timer', timer: name });
    });
    this.#timers.set('unanswered', transactionTimeout);
    this.#state = startRequestServer<Buffer>(isReliable(options.source.transport)).state;
  }

  /** Whether no final response has been given yet. */
  get pending(): boolean {
    return this.#state.phase === 'trying' || this.#state.phase === 'proceeding';
  }

  /** After 64*T1 the client has given up (Timer F), and no answer means anything (RFC 4320 §4.2). */
  #abandon(): void {
    this.#context.drop('request-unanswered');
    this.forget();
    this.#options.ended();
  }

  respond(response: SipResponse): void {
    if (response.status >= 200) this.#timers.clear('unanswered');
    this.#step({ type: 'respond', status: response.status, response: serializeMessage(response) });
  }

  retransmission(): void {
    this.#step({ type: 'retransmission' });
  }

  #step(event: RequestServerEvent<Buffer>): void {
    const { state, effects } = stepRequestServer(this.#state, event);
    this.#state = state;
    for (const effect of effects) this.#perform(effect);
  }

  #perform(effect: RequestServerEffect<Buffer>): void {
    switch (effect.do) {
      case 'send':
        this.#context.sendBack(effect.response, this.#options.path, () => {
          this.#step({ type: 'transport-error' });
        });
        break;
      case 'fail':
        if (this.#failed) break;
        this.#failed = true;
        this.#options.failed(this, effect.cause);
        break;
      case 'start-timer':
        this.#timers.set(effect.timer, effect.ms);
        break;
      case 'terminate':
        this.#timers.clearAll();
        this.#options.ended();
        break;
    }
  }

  /** Stops without telling anybody. */
  forget(): void {
    this.#timers.clearAll();
    this.#state = { ...this.#state, phase: 'terminated' };
  }
}
