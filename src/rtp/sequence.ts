/**
 * All arithmetic of RTP's wrapping numbers: sequence numbers of 16 bits, timestamps of 32 bits
 * (RFC 3550 §5.1). Nothing else compares two of them. Every argument is an unsigned integer in range;
 * every wrapped result is one too.
 */

/** How far `to` is ahead of `from`: -32768 to 32767, negative when it is older. */
export function sequenceDelta(from: number, to: number): number {
  return ((to - from) << 16) >> 16;
}

/** `sequence` moved by `steps` (of either sign), wrapped to 16 bits. */
export function sequenceAdd(sequence: number, steps: number): number {
  return (sequence + steps) & 0xffff;
}

/** How far `to` is ahead of `from` in clock ticks: -2^31 to 2^31-1, negative when it is older. */
export function timestampDelta(from: number, to: number): number {
  return (to - from) | 0;
}

/** `timestamp` moved by `ticks` (an integer of either sign), wrapped to 32 bits. */
export function timestampAdd(timestamp: number, ticks: number): number {
  return (timestamp + ticks) >>> 0;
}

/**
 * The unwrapped number nearest to `near` whose low 16 bits are `sequence`. Carry the highest result along
 * as the next `near`; numbers below the first packet's may be negative.
 */
export function extendSequence(near: number, sequence: number): number {
  return near + sequenceDelta(near & 0xffff, sequence);
}

/** The same for timestamps: the unwrapped number nearest to `near` whose low 32 bits are `timestamp`. */
export function extendTimestamp(near: number, timestamp: number): number {
  return near + timestampDelta(near >>> 0, timestamp);
}

/** RFC 3550 §A.1: steps forward that are still loss, and steps back that are still late packets. */
export const maxDropout = 3000;
export const maxMisorder = 100;

/** Too far from the highest number to be loss or reordering: the sender has started anew. */
export function isSequenceJump(highest: number, sequence: number): boolean {
  const delta = sequenceDelta(highest, sequence);
  return delta > maxDropout || delta < -maxMisorder;
}
