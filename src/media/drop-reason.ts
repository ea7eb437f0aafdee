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
  stun: 19,
  zrtp: 20,
  dtls: 21,
  keyTaken: 22,
  behindKeys: 23,
  beepPlaying: 24,
  /** Then those of `srtpFault`, from its first on. */
  srtp: 25,
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
  'stun',
  'zrtp',
  'dtls',
  'key-taken',
  'behind-keys',
  'beep-playing',
  ...srtpFaultNames.slice(1),
];

/** The drop reason of a `srtpFault`. */
export function srtpDrop(fault: number): number {
  return dropReason.srtp + fault - 1;
}

/**
 * What shares ports with RTP and RTCP and is neither, by its first octet (RFC 7983 §7): STUN 0-3, ZRTP 16-19, DTLS 20-63.
 * 0: it may be one of them.
 */
export function strangerOf(packet: Uint8Array, length: number): number {
  const first = length === 0 ? 0xff : (packet[0] as number);
  if (first > 63) return 0;
  if (first <= 3) return dropReason.stun;
  if (first < 16) return 0;
  return first <= 19 ? dropReason.zrtp : dropReason.dtls;
}
