/** RFC 3261 §17.1.1.1, Table 4: the estimates all timers are made of, in ms. */
export const t1 = 500;
export const t2 = 4_000;
export const t4 = 5_000;

/** The life of a transaction: Timers B, F, H, J, L and M (RFC 3261 Table 4, RFC 6026 §7.1 and §7.2). */
export const transactionTimeout = 64 * t1;

/** Timer D (RFC 3261 §17.1.1.2): at least 32 s over an unreliable transport. */
export const timerD = 32_000;
