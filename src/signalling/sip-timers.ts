/** RFC 3261 §17.1.1.1: an estimate of the round trip. */
export const t1Ms = 500;
/** RFC 3261 §17.1.2.2: the longest interval of a retransmission. */
export const t2Ms = 4000;
/** RFC 3261 §13.3.1.4: a 2xx is repeated for 64*T1, then the dialog is ended. */
export const ackWaitMs = 64 * t1Ms;
/** RFC 3261 §9.1: a cancelled INVITE that gets no final response within 64*T1 counts as ended. */
export const cancelWaitMs = 64 * t1Ms;
/** How long a call may ring. Timer B stops at the first provisional, so nothing else bounds it. */
export const ringMs = 180_000;
/** How long the rest of the node may take to admit a call and open its media. */
export const admissionMs = 10_000;
/** ACK and BYE that a release may wait for, one after the other, and some room. */
export const releaseMs = ackWaitMs + 64 * t1Ms + 5000;
