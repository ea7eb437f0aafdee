import type { Schedule } from '../kernel/timers.ts';
import type { SipRequest, SipResponse } from '../sip/message.ts';
import type { Hop } from './transaction-layer.ts';
import type { ReturnPath } from './transport/return-path.ts';

/** What the shells of the transaction machines need of the stack that runs them. */
export interface TransactionContext {
  /** Guarded: what a timer brings about throws nothing. */
  readonly schedule: Schedule;
  /**
   * *Takes* the bytes. `failed` is called at most once, never before this returns. Gives the connection that they
   * go by; null: there is none.
   */
  send(bytes: Buffer, hop: Hop, failed: () => void): number | null;
  sendBack(bytes: Buffer, path: ReturnPath, failed: () => void): void;
  /** Calls the user: a bug of its is counted and logged, and goes no further. False: it threw. */
  tell(run: () => void): boolean;
  /** Counts something thrown away; the reason is a slug. */
  drop(reason: string): void;
}

/** What an INVITE client transaction needs besides. */
export interface InviteClientContext extends TransactionContext {
  /** Sends a CANCEL in a transaction of its own, with the branch of its INVITE (RFC 3261 §9.1). */
  sendCancel(cancel: SipRequest, branch: string, hop: Hop): void;
  /** A 2xx came to an INVITE whose user was told already that it failed: ACK it, then BYE. */
  release(invite: SipRequest, response: SipResponse, source: Hop): void;
}
