import { readUint32, writeUint32 } from './octets.ts';

/** Octets that a report block takes. */
export const reportBlockBytes = 24;

/**
 * One report block, read and written again and again (RFC 3550 §6.4.1):
 *
 *    |                 SSRC of the source that is reported           |
 *    | fraction lost |       cumulative number of packets lost       |
 *    |           extended highest sequence number received           |
 *    |                      interarrival jitter                      |
 *    |                         last SR (LSR)                         |
 *    |                   delay since last SR (DLSR)                  |
 */
export class ReportBlock {
  ssrc = 0;
  /** In 256ths, since the report before. */
  fractionLost = 0;
  /** Signed: duplicates may make it negative. */
  cumulativeLost = 0;
  /** Cycles of the sequence number in the upper 16 bits, the number in the lower. */
  highest = 0;
  /** In ticks of the stream's clock. */
  jitter = 0;
  /** Middle 32 bits of an NTP timestamp; 0: no SR has come yet. */
  lastSr = 0;
  /** In 65536ths of a second. */
  delaySinceLastSr = 0;

  /** *Borrows* the bytes until return; they hold a whole block. */
  read(bytes: Uint8Array, at: number): void {
    this.ssrc = readUint32(bytes, at);
    this.fractionLost = bytes[at + 4] as number;
    this.cumulativeLost = (readUint32(bytes, at + 4) << 8) >> 8;
    this.highest = readUint32(bytes, at + 8);
    this.jitter = readUint32(bytes, at + 12);
    this.lastSr = readUint32(bytes, at + 16);
    this.delaySinceLastSr = readUint32(bytes, at + 20);
  }

  /** Gives the place behind it. */
  write(target: Uint8Array, at: number): number {
    writeUint32(target, at, this.ssrc);
    // RFC 3550 §A.3: what does not fit into 24 bits is clamped.
    const lost = Math.min(0x7f_ffff, Math.max(-0x80_0000, this.cumulativeLost));
    writeUint32(target, at + 4, ((this.fractionLost << 24) | (lost & 0xff_ffff)) >>> 0);
    writeUint32(target, at + 8, this.highest);
    writeUint32(target, at + 12, this.jitter);
    writeUint32(target, at + 16, this.lastSr);
    writeUint32(target, at + 20, this.delaySinceLastSr);
    return at + reportBlockBytes;
  }
}
