import { randomHex } from '../kernel/ids.ts';
import type { RandomBytes } from '../kernel/ids.ts';
import { ackInDialog, dialogFromResponse, requestInDialog } from '../sip/dialog.ts';
import type { SipRequest, SipResponse } from '../sip/message.ts';
import { sizeOfRequest } from '../sip/message-size.ts';
import { clientKey, clientKeyOf } from '../sip/transaction-key.ts';
import { isReliable, viaTokenOf } from '../sip/transport-name.ts';
import { magicCookie } from '../sip/via.ts';
import { LargeRequestClient } from './large-request-client.ts';
import type { InviteClientContext, TransactionContext } from './transaction-context.ts';
import { InviteClient } from './transaction-invite-client.ts';
import type { ClientEvents, ClientTransaction, Hop, TransactionLayer } from './transaction-layer.ts';
import type { LargeRequests } from './transport/large-requests.ts';
import { RequestClient } from './transaction-request-client.ts';

export interface ClientTransactionsOptions {
  readonly context: TransactionContext;
  readonly random: RandomBytes;
  readonly sentBy: TransactionLayer['sentBy'];
  readonly sendAck: TransactionLayer['sendAck'];
  /** Knows by which hop a request of some size goes. */
  readonly ways: Pick<LargeRequests, 'choose' | 'refused'>;
  /** The number of transactions has changed. */
  readonly changed: () => void;
}

/** What our Via adds to a request, about. */
const viaBytes = 90;

const nobody: ClientEvents = { response: () => undefined, failed: () => undefined };

/** The client transactions: makes them, and finds the one a response belongs to (RFC 3261 §17.1.3). */
export class ClientTransactions {
  readonly #options: ClientTransactionsOptions;
  readonly #context: InviteClientContext;
  readonly #transactions = new Map<string, InviteClient | RequestClient>();
  #closed = false;

  constructor(options: ClientTransactionsOptions) {
    this.#options = options;
    this.#context = {
      ...options.context,
      sendCancel: (cancel, branch, hop) => {
        this.#add(cancel, branch, hop, nobody, null);
      },
      release: (invite, response, source) => {
        this.#release(invite, response, source);
      },
    };
  }

  get size(): number {
    return this.#transactions.size;
  }

  send(request: SipRequest, hop: Hop, events: ClientEvents, timeoutMs: number | null): ClientTransaction {
    const begin = (by: Hop, to: ClientEvents): ClientTransaction => {
      const branch = this.newBranch();
      return this.#add(this.withVia(request, by, branch), branch, by, to, timeoutMs);
    };
    if (isReliable(hop.transport)) return begin(hop, events);
    const waiting = new LargeRequestClient(request);
    const byUdp = (): ClientTransaction => {
      this.#options.ways.refused(hop);
      return begin(hop, events);
    };
    this.#options.ways.choose(hop, sizeOfRequest(request) + viaBytes, (chosen) => {
      if (this.#closed) return;
      const moved = chosen.transport !== hop.transport;
      waiting.become(begin(chosen, moved ? waiting.orElse(events, byUdp) : events));
    });
    return waiting.settled ?? waiting;
  }

  /** RFC 3261 §8.1.1.7: 96 random bits behind the cookie. */
  newBranch(): string {
    return magicCookie + randomHex(12, this.#options.random);
  }

  /** A copy of the request with our Via on top; `rport` asks for symmetric responses (RFC 3581 §3). */
  withVia(request: SipRequest, hop: Hop, branch: string): SipRequest {
    const { host, port } = this.#options.sentBy(hop.listener);
    const via = `SIP/2.0/${viaTokenOf(hop.transport)} ${host}:${port};branch=${branch};rport`;
    return { ...request, headers: request.headers.clone().prepend('Via', via) };
  }

  #add(
    request: SipRequest,
    branch: string,
    hop: Hop,
    events: ClientEvents,
    timeoutMs: number | null,
  ): ClientTransaction {
    const key = clientKey(branch, request.method);
    const ended = (): void => {
      this.#transactions.delete(key);
      this.#options.changed();
    };
    const options = { branch, request, hop, events, timeoutMs, ended };
    const transaction =
      request.method === 'INVITE'
        ? new InviteClient(this.#context, options)
        : new RequestClient(this.#context, options);
    this.#transactions.set(key, transaction);
    this.#options.changed();
    return transaction;
  }

  /** False: no transaction of ours waits for it (RFC 6026 §8.9 has such a response dropped). */
  receive(response: SipResponse, source: Hop): boolean {
    const key = clientKeyOf(response);
    const transaction = key === null ? undefined : this.#transactions.get(key);
    transaction?.receive(response, source);
    return transaction !== undefined;
  }

  /** A connection is gone: requests that went by it are lost with it, or their answers are. */
  lost(connection: number): void {
    for (const transaction of this.#transactions.values()) transaction.lost(connection);
  }

  /** RFC 3261 §13.2.2.4: who wants no session ACKs the 2xx all the same, then sends BYE. */
  #release(invite: SipRequest, response: SipResponse, source: Hop): void {
    const dialog = dialogFromResponse(invite, response);
    if (dialog === null) return;
    this.#options.sendAck(ackInDialog(dialog, invite), source);
    this.send(requestInDialog(dialog, 'BYE').request, source, nobody, null);
  }

  /** Forgets all without telling anybody, and begins nothing any more. */
  clear(): void {
    this.#closed = true;
    for (const transaction of this.#transactions.values()) transaction.forget();
    this.#transactions.clear();
  }
}
