import { writeUint16, writeUint32 } from './octets.ts';
import { type ReportBlock, reportBlockBytes } from './report-block.ts';
import { rtcpType } from './rtcp-view.ts';
import { type SenderInfo, senderInfoBytes } from './sender-info.ts';

/*
 * Each function writes one packet of a compound from `at` on, and gives the place behind it. They *borrow* the
 * target, which has the room, until return.
 */

/** RFC 3550 §6.4.1. */
export function writeSenderReport(
  target: Uint8Array,
  at: number,
  ssrc: number,
  info: SenderInfo,
  block: ReportBlock | null,
): number {
  const content = senderInfoBytes + (block === null ? 0 : reportBlockBytes);
  writeHeader(target, at, block === null ? 0 : 1, rtcpType.senderReport, 4 + content, ssrc);
  const end = info.write(target, at + 8);
  return block === null ? end : block.write(target, end);
}

/** RFC 3550 §6.4.2: without a block it says that nothing was received. */
export function writeReceiverReport(
  target: Uint8Array,
  at: number,
  ssrc: number,
  block: ReportBlock | null,
): number {
  const content = block === null ? 0 : reportBlockBytes;
  writeHeader(target, at, block === null ? 0 : 1, rtcpType.receiverReport, 4 + content, ssrc);
  return block === null ? at + 8 : block.write(target, at + 8);
}

/** SDES with the CNAME alone (RFC 3550 §6.5.1), at most 255 octets. *Borrows* the name. */
export function writeCname(target: Uint8Array, at: number, ssrc: number, cname: Uint8Array): number {
  // Type, length and the null octet that ends the items, filled up to a word.
  const items = 4 * Math.ceil((2 + cname.length + 1) / 4);
  writeHeader(target, at, 1, rtcpType.sourceDescription, 4 + items, ssrc);
  target.fill(0, at + 8, at + 8 + items);
  target[at + 8] = 1;
  target[at + 9] = cname.length;
  target.set(cname, at + 10);
  return at + 8 + items;
}

/** RFC 3550 §6.6. */
export function writeBye(target: Uint8Array, at: number, ssrc: number): number {
  writeHeader(target, at, 1, rtcpType.bye, 4, ssrc);
  return at + 8;
}

/** Header and media source of transport feedback (RFC 4585 §6.2); `words` of feedback follow. */
export function writeTransportFeedback(
  target: Uint8Array,
  at: number,
  format: number,
  ssrc: number,
  mediaSsrc: number,
  words: number,
): number {
  writeHeader(target, at, format, rtcpType.transportFeedback, 8 + 4 * words, ssrc);
  writeUint32(target, at + 8, mediaSsrc);
  return at + 12;
}

/** `bytes`: behind the first word. */
function writeHeader(
  target: Uint8Array,
  at: number,
  count: number,
  type: number,
  bytes: number,
  ssrc: number,
): void {
  target[at] = 0x80 | count;
  target[at + 1] = type;
  writeUint16(target, at + 2, bytes / 4);
  writeUint32(target, at + 4, ssrc);
}
