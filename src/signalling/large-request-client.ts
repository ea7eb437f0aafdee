import type { SipRequest } from '../sip/message.ts';
import type { ClientTransaction } from './transaction-layer.ts';

/** A request that waits for its transport to be chosen, and then is the transaction that it became. */
export class LargeRequestClient implements ClientTransaction {
  readonly id: string;
  readonly #asked: SipRequest;
  #transaction: ClientTransaction | null = null;
  #cancelled: { readonly reason: string | null } | null = null;

  constructor(id: string, asked: SipRequest) {
    this.id = id;
    this.#asked = asked;
  }

  get request(): SipRequest {
    return this.#transaction?.request ?? this.#asked;
  }

  /** What it became; null: it still waits. */
  get transaction(): ClientTransaction | null {
    return this.#transaction;
  }

  become(transaction: ClientTransaction): void {
    this.#transaction = transaction;
    if (this.#cancelled !== null) transaction.cancel(this.#cancelled.reason);
  }

  cancel(reason: string | null): void {
    if (this.#transaction === null) this.#cancelled ??= { reason };
    else this.#transaction.cancel(reason);
  }
}
