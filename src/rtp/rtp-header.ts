import { writeUint16, writeUint32 } from './octets.ts';

/**
 * Writes a fixed header (RFC 3550 §5.1: version 2, no padding, extension or CSRC) into the first 12 bytes
 * of `target`. *Borrows* it until return.
 */
export function writeRtpHeader(
  target: Uint8Array,
  marker: boolean,
  payloadType: number,
  sequence: number,
  timestamp: number,
  ssrc: number,
): void {
  target[0] = 0x80;
  rewriteRtpHeader(target, marker, payloadType, sequence, timestamp, ssrc);
}

/**
 * Gives a packet new numbers in place; padding, extension, CSRC list and payload stay as they are.
 * *Borrows* the packet, which must hold a valid header, until return.
 */
export function rewriteRtpHeader(
  packet: Uint8Array,
  marker: boolean,
  payloadType: number,
  sequence: number,
  timestamp: number,
  ssrc: number,
): void {
  packet[1] = (marker ? 0x80 : 0) | payloadType;
  writeUint16(packet, 2, sequence);
  writeUint32(packet, 4, timestamp);
  writeUint32(packet, 8, ssrc);
}
