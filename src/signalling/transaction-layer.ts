import type { SipRequest, SipResponse } from '../sip/message.ts';
import type { Refusal } from './refusal.ts';
import type { SipTransport } from '../sip/transport-name.ts';

/** Where a message came from or goes to. */
export interface Hop {
  readonly listener: string;
  readonly transport: SipTransport;
  readonly address: string;
  readonly port: number;
  /** The name that this address was found by, which a certificate there may prove (RFC 5922 §7.3). */
  readonly name?: string;
  /** A stream connection to be reused while it lives (RFC 3261 §18); else one is opened. */
  readonly connection?: number;
}

/** A request that waits for its answer. Retransmissions, 100 Trying for INVITE, ACK to non-2xx are the layer's. */
export interface ServerTransaction {
  readonly id: string;
  readonly request: SipRequest;
  readonly source: Hop;
  /** Sends a response to this request: the layer adds nothing but what RFC 3261 §18.2 asks. Later finals are ignored. */
  respond(response: SipResponse): void;
}

export interface ClientTransaction {
  readonly id: string;
  readonly request: SipRequest;
  /** INVITE only: sends CANCEL as soon as RFC 3261 §9.1 lets it, at most once. */
  cancel(reason: string | null): void;
}

export interface ClientEvents {
  /** Every provisional but not retransmitted finals; for INVITE each distinct or repeated 2xx (RFC 6026 §7.2). */
  response(response: SipResponse, source: Hop): void;
  /** Timer B or F, `inviteTimeoutMs` without any response, or the transport failed. Final. */
  failed(cause: 'timeout' | 'transport'): void;
}

/** The layer above: the call machines. */
export interface TransactionUser {
  /**
   * Looks at a new request, no ACK, before there is a transaction for it: what it refuses leaves nothing behind here
   * (RFC 3261 §8.2.7 means this for challenges). Null: it may come in.
   */
  screen?(request: SipRequest, source: Hop): Refusal | null;
  /** A new request that is neither ACK nor CANCEL. Its source is a configured peer already. */
  request(transaction: ServerTransaction): void;
  /** CANCEL has matched this INVITE transaction; the CANCEL itself was answered 200 already. */
  cancelled(transaction: ServerTransaction, reason: string | null): void;
  /** An ACK that belongs to a 2xx: no transaction takes it. */
  ack(request: SipRequest, source: Hop): void;
  /** The response could not be sent, or no ACK came to a non-2xx final (Timer H). */
  serverFailed(transaction: ServerTransaction, cause: 'timeout' | 'transport'): void;
}

export interface TransactionLayer {
  /** Sends a request whose top Via the layer adds (branch, sent-by, rport). */
  send(request: SipRequest, hop: Hop, events: ClientEvents, inviteTimeoutMs?: number): ClientTransaction;
  /** Sends an ACK for a 2xx: outside every transaction (RFC 3261 §13.2.2.4). */
  sendAck(request: SipRequest, hop: Hop): void;
  /** What our Contact and Via say on this listener: `192.0.2.1:5060`. */
  sentBy(listener: string): {
    readonly host: string;
    readonly port: number;
    readonly transport: SipTransport;
  };
  /** The newest connection that somebody of these has opened to the listener; null: there is none. */
  connectionFrom(listener: string, isTheirs: (address: string, port: number) => boolean): Hop | null;
  readonly activeTransactions: number;
}
