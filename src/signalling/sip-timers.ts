import { transactionTimeout } from '../sip/transaction-timers.ts';

/** RFC 3261 §13.3.1.4: a 2xx is repeated for 64*T1, then the dialog is ended. */
export const ackWaitMs = transactionTimeout;
/** RFC 3261 §9.1: a cancelled INVITE that gets no final response within 64*T1 counts as ended. */
export const cancelWaitMs = transactionTimeout;
/** Timer C (RFC 3261 §16.6 item 11): how long a callee may be silent before its final response. Timer B stops at the first provisional. */
export const ringMs = 180_000;
/**
 * How long a call may be unanswered in all, though provisionals come, which may be every minute for ever (RFC 3261
 * §13.3.1.1). A queue with early media takes minutes; a quarter of an hour holds ports and a line for nobody.
 */
export const unansweredMs = 900_000;
/** How long an UPDATE may wait that went on as an INVITE: its sender gives it up after 64*T1 (Timer F). */
export const updateMs = 20_000;
/** How long the rest of the node may take to admit a call and open its media. */
export const admissionMs = 10_000;
/** An ACK and a BYE that a release may wait for, one after the other, and some room. */
export const releaseMs = ackWaitMs + transactionTimeout + 5000;
