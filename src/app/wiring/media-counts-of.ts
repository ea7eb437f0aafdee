import type { LegCounts } from '../../media/protocol.ts';
import type { LegMediaCounts } from '../../records/call-record.ts';

/** What is kept of a leg's media; null: they are not over. */
export function mediaCountsOf(counts: LegCounts | undefined): LegMediaCounts | null {
  if (counts === undefined) return null;
  const { packetsReceived, packetsSent, packetsLost, packetsDropped } = counts;
  return { packetsReceived, packetsSent, packetsLost, packetsDropped };
}
