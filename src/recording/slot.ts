import type { ChannelLedger } from '../records/recording-record.ts';
import type { Party } from '../records/call-record.ts';

/** What a sample of a channel is; each is exactly one. The numbers index a ledger's counts. */
export const slot = { received: 0, concealed: 1, held: 2, paused: 3, lost: 4 } as const;

export const slotKinds = 5;

/** Samples a channel spent in each slot, indexed by `slot`. Their sum is the channel's length. */
export type SlotCounts = readonly number[];

/** A channel's ledger in whole milliseconds that sum to exactly `durationMs`. */
export function channelLedger(
  party: Party,
  counts: SlotCounts,
  sampleRate: number,
  durationMs: number,
): ChannelLedger {
  const ms = roundedTo(
    durationMs,
    counts.map((count) => (count * 1000) / sampleRate),
  );
  return {
    party,
    receivedMs: ms[slot.received] ?? 0,
    concealedMs: ms[slot.concealed] ?? 0,
    heldMs: ms[slot.held] ?? 0,
    pausedMs: ms[slot.paused] ?? 0,
    lostMs: ms[slot.lost] ?? 0,
  };
}

export function sumOf(counts: SlotCounts): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

/** Integers near the parts, which sum to `total` or a fraction less: the largest remainders are rounded up. */
function roundedTo(total: number, parts: readonly number[]): number[] {
  const rounded = parts.map((part) => Math.floor(part));
  const remainder = (index: number): number => (parts[index] ?? 0) - (rounded[index] ?? 0);
  const missing = Math.round(total - sumOf(rounded));
  const upwards = [...parts.keys()].sort((a, b) => remainder(b) - remainder(a)).slice(0, missing);
  return rounded.map((part, index) => (upwards.includes(index) ? part + 1 : part));
}
