import type { SipRequest } from '../sip/message.ts';
import type { ClientEvents, ClientTransaction } from './transaction-layer.ts';

/** A request that waits for its transport to be chosen, and then is the transaction that it became. */
export class LargeRequestClient implements ClientTransaction {
  readonly #asked: SipRequest;
  #transaction: ClientTransaction | null = null;
  #mayChange = false;
  #cancelled: { readonly reason: string | null } | null = null;

  constructor(asked: SipRequest) {
    this.#asked = asked;
  }

  get id(): string {
    return this.#transaction?.id ?? '';
  }

  get request(): SipRequest {
    return this.#transaction?.request ?? this.#asked;
  }

  /** What it is for good; null: it waits, or may become another one. */
  get settled(): ClientTransaction | null {
    return this.#mayChange ? null : this.#transaction;
  }

  become(transaction: ClientTransaction): void {
    this.#transaction = transaction;
    if (this.#cancelled !== null) transaction.cancel(this.#cancelled.reason);
  }

  /**
   * The user's events for a try by TCP. RFC 3261 §18.1.1: after "a TCP reset [...] the element SHOULD retry the
   * request, using UDP": once, and only if nothing has been heard.
   */
  orElse(events: ClientEvents, again: () => ClientTransaction): ClientEvents {
    let heard = false;
    this.#mayChange = true;
    return {
      response: (response, source) => {
        heard = true;
        events.response(response, source);
      },
      failed: (cause) => {
        if (cause === 'timeout' || heard || this.#cancelled !== null) events.failed(cause);
        else this.become(again());
      },
    };
  }

  cancel(reason: string | null): void {
    this.#cancelled ??= { reason };
    this.#transaction?.cancel(reason);
  }
}
