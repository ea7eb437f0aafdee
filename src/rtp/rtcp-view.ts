import { readUint16, readUint32 } from './octets.ts';
import { reportBlockBytes } from './report-block.ts';

/** RFC 3550 §12.1, RFC 4585 §6.1, RFC 3611 §2. */
export const rtcpType = {
  senderReport: 200,
  receiverReport: 201,
  sourceDescription: 202,
  bye: 203,
  application: 204,
  transportFeedback: 205,
  payloadFeedback: 206,
  extendedReport: 207,
} as const;

/** Why bytes are not RTCP; 0 where they are. */
export const rtcpFault = {
  none: 0,
  short: 1,
  version: 2,
  type: 3,
  length: 4,
  padding: 5,
  content: 6,
} as const;

export type RtcpFault = (typeof rtcpFault)[keyof typeof rtcpFault];

/** RFC 3550 §6.4: what every packet but an empty SDES or BYE has. */
const headerBytes = 4;
/** Header, SSRC and sender info of an SR (RFC 3550 §6.4.1). */
const senderReportBytes = 28;
/** RFC 3550 §6.5: the first of the item types, and what ends a chunk. */
const endOfItems = 0;

const nothing = new Uint8Array(0);

/**
 * A reusable view of one RTCP datagram: `bind` checks every length of every packet in it once, `next` then
 * goes from packet to packet. Compound packets (RFC 3550 §6.1) and reduced-size ones (RFC 5506) alike.
 *
 *     0                   1                   2                   3
 *    |V=2|P|  count  |      type     |      length (words - 1)       |
 *    |               SSRC of the packet's sender                     |
 *
 * RFC 3550 §6.4.1. `count` is report blocks, chunks or sources, and the format of feedback (RFC 4585 §6.1).
 */
export class RtcpView {
  /** *Borrowed* from `bind` until the next one. */
  buffer: Uint8Array = nothing;
  length = 0;
  /** Fields of the packet that `next` came to. */
  type = 0;
  count = 0;
  offset = 0;
  /** Behind its last octet that is no padding. */
  end = 0;
  /** Of its sender; 0 where it names none. */
  ssrc = 0;
  #following = 0;

  /** Checks the datagram in the first `length` bytes of `buffer`. *Borrows* the buffer until the next `bind`. */
  bind(buffer: Uint8Array, length: number): RtcpFault {
    this.buffer = buffer;
    this.length = 0;
    this.#following = 0;
    if (length < headerBytes || length > buffer.length) return rtcpFault.short;
    for (let at = 0; at < length; ) {
      if (at + headerBytes > length) return rtcpFault.length;
      const bytes = 4 * (readUint16(buffer, at + 2) + 1);
      const fault = faultOf(buffer, at, bytes, length);
      if (fault !== rtcpFault.none) return fault;
      at += bytes;
    }
    this.length = length;
    return rtcpFault.none;
  }

  /** Goes to the next packet; false behind the last one. */
  next(): boolean {
    const at = this.#following;
    if (at >= this.length) return false;
    const { buffer } = this;
    this.offset = at;
    this.count = (buffer[at] as number) & 0x1f;
    this.type = buffer[at + 1] as number;
    this.#following = at + 4 * (readUint16(buffer, at + 2) + 1);
    this.end = contentEnd(buffer, at, this.#following);
    this.ssrc = this.end >= at + 8 ? readUint32(buffer, at + 4) : 0;
    return true;
  }

  /** Starts over, so that `next` comes to the first packet. */
  rewind(): void {
    this.#following = 0;
  }

  /** Where the first report block of an SR or RR lies; they follow each other. */
  get firstBlock(): number {
    return this.offset + (this.type === rtcpType.senderReport ? senderReportBytes : 8);
  }
}

/** RFC 3550 §A.2: version, type, and lengths that add up to the datagram's. */
function faultOf(buffer: Uint8Array, at: number, bytes: number, length: number): RtcpFault {
  const first = buffer[at] as number;
  if (first >> 6 !== 2) return rtcpFault.version;
  const type = buffer[at + 1] as number;
  // RFC 5761 §4: the values that are RTCP's.
  if (type < 192 || type > 223) return rtcpFault.type;
  if (at + bytes > length) return rtcpFault.length;
  if ((first & 0x20) !== 0) {
    // RFC 3550 §6.4.1: "padding is only required on one individual packet", the last; it is in whole words.
    const padding = buffer[at + bytes - 1] as number;
    if (at + bytes !== length || padding === 0 || padding % 4 !== 0 || padding > bytes - headerBytes) {
      return rtcpFault.padding;
    }
  }
  return holdsContent(buffer, at, contentEnd(buffer, at, at + bytes)) ? rtcpFault.none : rtcpFault.content;
}

function contentEnd(buffer: Uint8Array, at: number, end: number): number {
  return ((buffer[at] as number) & 0x20) === 0 ? end : end - (buffer[end - 1] as number);
}

/** Whether what the header counts is there. */
function holdsContent(buffer: Uint8Array, at: number, end: number): boolean {
  const count = (buffer[at] as number) & 0x1f;
  const bytes = end - at;
  switch (buffer[at + 1]) {
    case rtcpType.senderReport:
      return bytes >= senderReportBytes + reportBlockBytes * count;
    case rtcpType.receiverReport:
      return bytes >= 8 + reportBlockBytes * count;
    case rtcpType.sourceDescription:
      return holdsChunks(buffer, at + headerBytes, end, count);
    case rtcpType.bye:
      return bytes >= headerBytes + 4 * count;
    case rtcpType.application:
    case rtcpType.transportFeedback:
    case rtcpType.payloadFeedback:
      return bytes >= 12;
    case rtcpType.extendedReport:
      return bytes >= 8;
    default:
      return true;
  }
}

/** RFC 3550 §6.5: each chunk an SSRC and items, ended by a null octet and filled up to a word. */
function holdsChunks(buffer: Uint8Array, from: number, end: number, count: number): boolean {
  let at = from;
  for (let chunk = 0; chunk < count; chunk++) {
    at += 4;
    while (at < end && buffer[at] !== endOfItems) {
      if (at + 2 > end) return false;
      at += 2 + (buffer[at + 1] as number);
    }
    if (at >= end) return false;
    at += 4 - ((at - from) % 4);
  }
  return at <= end;
}
