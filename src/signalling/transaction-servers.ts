import { randomHex } from '../kernel/ids.ts';
import type { RandomBytes } from '../kernel/ids.ts';
import type { SipRequest } from '../sip/message.ts';
import { makeResponse } from '../sip/response.ts';
import { mergeKey, serverKey } from '../sip/transaction-key.ts';
import type { TransactionContext } from './transaction-context.ts';
import { InviteServer } from './transaction-invite-server.ts';
import type { Hop, ServerTransaction, TransactionUser } from './transaction-layer.ts';
import { RequestServer } from './transaction-request-server.ts';
import type { ReturnPath } from './transport/return-path.ts';

export interface ServerTransactionsOptions {
  readonly context: TransactionContext;
  readonly user: TransactionUser;
  readonly random: RandomBytes;
  /** The number of transactions has changed. */
  readonly changed: () => void;
}

/** The server transactions: finds the one a request belongs to (RFC 3261 §17.2.3), or makes it. */
export class ServerTransactions {
  readonly #options: ServerTransactionsOptions;
  readonly #transactions = new Map<string, InviteServer | RequestServer>();
  /** RFC 3261 §8.2.2.2: requests outside a dialog that are being served or were accepted, to their key. */
  readonly #merges = new Map<string, string>();
  #made = 0;

  constructor(options: ServerTransactionsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#transactions.size;
  }

  /** The transaction that has had this request, which is no ACK, before. Null: it is new. */
  known(request: SipRequest, source: Hop): { retransmission(): void } | null {
    return this.#transactions.get(keyAt(source, serverKey(request))) ?? null;
  }

  /** RFC 3261 §17.2.1: an ACK is its INVITE's, unless that was answered 2xx; then it is the user's. */
  ack(request: SipRequest, source: Hop): void {
    const invite = this.#transactions.get(keyAt(source, serverKey(request)));
    if (invite instanceof InviteServer) invite.ack(request, source);
    else this.#acknowledged(request, source);
  }

  #acknowledged(request: SipRequest, source: Hop): void {
    this.#options.context.tell(() => {
      this.#options.user.ack(request, source);
    });
  }

  /** Takes a request that is new and neither ACK nor CANCEL. */
  begin(request: SipRequest, source: Hop, path: ReturnPath): void {
    const merge = mergeKey(request);
    const mergeAt = merge === null ? null : keyAt(source, merge);
    const merged = mergeAt !== null && this.#merges.has(mergeAt);
    const transaction = this.#create(request, source, path, merged ? null : mergeAt);
    if (merged) {
      // §8.2.2.2: it matches an ongoing transaction by all but its branch: it came here twice.
      transaction.respond(makeResponse(request, 482, 'Loop Detected', this.#newTag()));
      return;
    }
    const told = this.#options.context.tell(() => {
      this.#options.user.request(transaction);
    });
    if (!told && transaction.pending) {
      transaction.respond(makeResponse(request, 500, 'Server Internal Error', this.#newTag()));
    }
  }

  #create(
    request: SipRequest,
    source: Hop,
    path: ReturnPath,
    mergeAt: string | null,
  ): InviteServer | RequestServer {
    const { context, user, changed } = this.#options;
    const key = keyAt(source, serverKey(request));
    const unmerge = (): void => {
      if (mergeAt !== null) this.#merges.delete(mergeAt);
    };
    const options = {
      id: String(++this.#made),
      request,
      source,
      path,
      failed: (transaction: ServerTransaction, cause: 'timeout' | 'transport'): void => {
        context.tell(() => {
          user.serverFailed(transaction, cause);
        });
      },
      ended: (): void => {
        unmerge();
        this.#transactions.delete(key);
        changed();
      },
      acknowledged: (ack: SipRequest, from: Hop): void => {
        this.#acknowledged(ack, from);
      },
      // A refused request may be tried again in a new transaction with the same CSeq, by a proxy in between.
      refused: unmerge,
    };
    const transaction =
      request.method === 'INVITE' ? new InviteServer(context, options) : new RequestServer(context, options);
    this.#transactions.set(key, transaction);
    if (mergeAt !== null) this.#merges.set(mergeAt, key);
    changed();
    return transaction;
  }

  /** RFC 3261 §9.2: 200, and only a pending INVITE is cancelled. False: there is no INVITE to cancel. */
  cancel(request: SipRequest, source: Hop, path: ReturnPath): boolean {
    const invite = this.#transactions.get(keyAt(source, serverKey(request, 'INVITE')));
    if (!(invite instanceof InviteServer)) return false;
    const transaction = this.#create(request, source, path, null);
    transaction.respond(makeResponse(request, 200, 'OK', invite.toTag ?? this.#newTag()));
    if (!invite.pending) return true;
    this.#options.context.tell(() => {
      this.#options.user.cancelled(invite, request.headers.joined('reason'));
    });
    return true;
  }

  #newTag(): string {
    return randomHex(8, this.#options.random);
  }

  /** Forgets all without telling anybody. */
  clear(): void {
    for (const transaction of this.#transactions.values()) transaction.forget();
    this.#transactions.clear();
    this.#merges.clear();
  }
}

/** A retransmission comes to the listener its original came to. */
function keyAt(source: Hop, key: string): string {
  return `${source.listener}\n${key}`;
}
