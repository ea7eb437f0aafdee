import { namedTimers } from '../kernel/timers.ts';
import type { Timers } from '../kernel/timers.ts';
import { startInviteServer, stepInviteServer } from '../sip/invite-server-machine.ts';
import type {
  InviteServerEffect,
  InviteServerEvent,
  InviteServerState,
  InviteServerStep,
  InviteServerTimer,
} from '../sip/invite-server-machine.ts';
import type { SipRequest, SipResponse } from '../sip/message.ts';
import { tagOf } from '../sip/name-addr.ts';
import { makeResponse } from '../sip/response.ts';
import { serializeMessage } from '../sip/serialize.ts';
import { isReliable } from '../sip/transport-name.ts';
import type { TransactionContext } from './transaction-context.ts';
import type { Hop, ServerTransaction } from './transaction-layer.ts';
import type { ReturnPath } from './transport/return-path.ts';

export interface InviteServerOptions {
  readonly id: string;
  readonly request: SipRequest;
  readonly source: Hop;
  readonly path: ReturnPath;
  readonly acknowledged: (ack: SipRequest, source: Hop) => void;
  readonly failed: (transaction: ServerTransaction, cause: 'timeout' | 'transport') => void;
  /** A 3xx to 6xx has been sent: the request is not pending any more. */
  readonly refused: () => void;
  readonly ended: () => void;
}

/** Runs the INVITE server machine: 100 at once, retransmissions answered alike, ACK to failures taken in. */
export class InviteServer implements ServerTransaction {
  readonly id: string;
  readonly request: SipRequest;
  readonly source: Hop;
  readonly #context: TransactionContext;
  readonly #options: InviteServerOptions;
  readonly #timers: Timers<InviteServerTimer>;
  #state: InviteServerState<Buffer>;
  #toTag: string | null = null;
  #failed = false;
  #last: { readonly response: SipResponse; readonly bytes: Buffer } | null = null;

  constructor(context: TransactionContext, options: InviteServerOptions) {
    this.id = options.id;
    this.request = options.request;
    this.source = options.source;
    this.#context = context;
    this.#options = options;
    this.#timers = namedTimers(context.schedule, (timer) => {
      this.#step({ type: 'timer', timer });
    });
    const trying = serializeMessage(makeResponse(options.request, 100, 'Trying', null));
    const first = startInviteServer(isReliable(options.source.transport), trying);
    this.#state = first.state;
    this.#run(first);
  }

  /** Whether a CANCEL still has an effect (RFC 3261 §9.2). */
  get pending(): boolean {
    return this.#state.phase === 'proceeding';
  }

  /** The To tag of the last response that had one: RFC 3261 §9.2 wants it in the answer to a CANCEL too. */
  get toTag(): string | null {
    return this.#toTag;
  }

  respond(response: SipResponse): void {
    const { status } = response;
    const wasPending = this.pending;
    this.#toTag = tagOf(response.headers.first('to') ?? '') ?? this.#toTag;
    this.#step({ type: 'respond', status, response: this.#bytesOf(response) });
    if (wasPending && status >= 300) this.#options.refused();
  }

  /** What the user sends again (a 2xx until its ACK, RFC 3261 §13.3.1.4) is the same buffer again. */
  #bytesOf(response: SipResponse): Buffer {
    if (this.#last?.response !== response) this.#last = { response, bytes: serializeMessage(response) };
    return this.#last.bytes;
  }

  retransmission(): void {
    this.#step({ type: 'retransmission' });
  }

  ack(ack: SipRequest, source: Hop): void {
    this.#run(stepInviteServer(this.#state, { type: 'ack' }), ack, source);
  }

  #step(event: InviteServerEvent<Buffer>): void {
    this.#run(stepInviteServer(this.#state, event));
  }

  #run(step: InviteServerStep<Buffer>, ack?: SipRequest, source?: Hop): void {
    this.#state = step.state;
    for (const effect of step.effects) this.#perform(effect, ack, source);
  }

  #perform(effect: InviteServerEffect<Buffer>, ack?: SipRequest, source?: Hop): void {
    switch (effect.do) {
      case 'send':
        this.#context.sendBack(effect.response, this.#options.path, () => {
          this.#step({ type: 'transport-error' });
        });
        break;
      case 'pass-ack':
        if (ack !== undefined && source !== undefined) this.#options.acknowledged(ack, source);
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

  /** Said once: each retransmission may fail anew. */
  #fail(cause: 'timeout' | 'transport'): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#options.failed(this, cause);
  }

  /** Stops without telling anybody. */
  forget(): void {
    this.#timers.clearAll();
    this.#state = { ...this.#state, phase: 'terminated' };
  }
}
