import { readUint16, readUint32 } from './octets.ts';

/** Why bytes are not an RTP packet; 0 where they are. Indexes `rtpFaultNames`, and any array of counters. */
export const rtpFault = {
  none: 0,
  short: 1,
  version: 2,
  rtcp: 3,
  csrc: 4,
  extension: 5,
  padding: 6,
} as const;

export type RtpFault = (typeof rtpFault)[keyof typeof rtpFault];

/** Slugs for metrics, in the order of `rtpFault`. */
export const rtpFaultNames = [
  'none',
  'rtp-short',
  'rtp-version',
  'rtcp-on-rtp-port',
  'rtp-csrc',
  'rtp-extension',
  'rtp-padding',
] as const;

/** RFC 3550 §5.1: the fixed header. */
export const rtpHeaderBytes = 12;

const nothing = new Uint8Array(0);

/**
 * A reusable view of one RTP packet: `bind` checks every length once, the fields then hold for that packet.
 * When `bind` says anything but `none` the fields mean nothing.
 *
 *     0                   1                   2                   3
 *    |V=2|P|X|  CC   |M|     PT      |       sequence number         |
 *    |                           timestamp                           |
 *    |           synchronization source (SSRC) identifier            |
 *    |            contributing source (CSRC) identifiers ...         |
 *    |      defined by profile       |     extension length (words)  |
 *
 * RFC 3550 §5.1 and §5.3.1.
 */
export class RtpView {
  /** *Borrowed* from `bind` until the next one. */
  buffer: Uint8Array = nothing;
  length = 0;
  marker = false;
  payloadType = 0;
  sequence = 0;
  timestamp = 0;
  ssrc = 0;
  payloadOffset = 0;
  /** Without padding; may be 0. */
  payloadLength = 0;

  /** Reads the packet in the first `length` bytes of `buffer`. *Borrows* the buffer until the next `bind`. */
  bind(buffer: Uint8Array, length: number): RtpFault {
    if (length < rtpHeaderBytes || length > buffer.length) return rtpFault.short;
    const first = buffer[0] as number;
    const second = buffer[1] as number;
    if (first >> 6 !== 2) return rtpFault.version;
    // RFC 5761 §4: these values of the second octet are RTCP packet types, never marker and payload type.
    if (second >= 192 && second <= 223) return rtpFault.rtcp;
    let offset = rtpHeaderBytes + 4 * (first & 0x0f);
    if (offset > length) return rtpFault.csrc;
    if ((first & 0x10) !== 0) {
      if (offset + 4 > length) return rtpFault.extension;
      offset += 4 + 4 * readUint16(buffer, offset + 2);
      if (offset > length) return rtpFault.extension;
    }
    let end = length;
    if ((first & 0x20) !== 0) {
      // RFC 3550 §5.1: the last octet counts the padding, itself included.
      const padding = buffer[length - 1] as number;
      if (padding === 0 || padding > length - offset) return rtpFault.padding;
      end -= padding;
    }
    this.buffer = buffer;
    this.length = length;
    this.marker = second > 127;
    this.payloadType = second & 0x7f;
    this.sequence = readUint16(buffer, 2);
    this.timestamp = readUint32(buffer, 4);
    this.ssrc = readUint32(buffer, 8);
    this.payloadOffset = offset;
    this.payloadLength = end - offset;
    return rtpFault.none;
  }
}
