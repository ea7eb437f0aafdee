import { rtpFaultNames } from '../rtp/rtp-view.ts';
import { srtpFaultNames } from '../rtp/srtp/srtp-fault.ts';

/** Why a datagram went no further. The numbers go on from those of `rtpFault`; both index one array of counters. */
export const dropReason = {
  oversized: 7,
  noRemote: 8,
  foreignAddress: 9,
  foreignPort: 10,
  stale: 11,
  unknownPayloadType: 12,
  gateClosed: 13,
  notReceiving: 14,
  promptPlaying: 15,
  beforeRebase: 16,
  rtcpUnmapped: 17,
  notRtcp: 18,
  /** Then those of `srtpFault`, from its first on. */
  srtp: 19,
} as const;

/** Slugs for metrics, by number. */
export const dropNames: readonly string[] = [
  ...rtpFaultNames,
  'oversized',
  'no-remote',
  'foreign-address',
  'foreign-port',
  'stale',
  'unknown-payload-type',
  'gate-closed',
  'not-receiving',
  'prompt-playing',
  'before-rebase',
  'rtcp-unmapped',
  'not-rtcp',
  ...srtpFaultNames.slice(1),
];

/** The drop reason of a `srtpFault`. */
export function srtpDrop(fault: number): number {
  return dropReason.srtp + fault - 1;
}
