import { readUint32, writeUint32 } from './octets.ts';

/** Octets that it takes, behind the SSRC. */
export const senderInfoBytes = 20;

/** Seconds from 1900, where NTP counts from, to 1970 (RFC 3550 §4: "relative to 0h UTC on 1 January 1900"). */
const from1900 = 2_208_988_800;

/** What an SR says of its own stream (RFC 3550 §6.4.1), read and written again and again. */
export class SenderInfo {
  ntpSeconds = 0;
  /** In 2^-32 of a second. */
  ntpFraction = 0;
  /** The same instant on the stream's clock. */
  timestamp = 0;
  packets = 0;
  octets = 0;

  /** *Borrows* the bytes until return; `at` is behind the SSRC. */
  read(bytes: Uint8Array, at: number): void {
    this.ntpSeconds = readUint32(bytes, at);
    this.ntpFraction = readUint32(bytes, at + 4);
    this.timestamp = readUint32(bytes, at + 8);
    this.packets = readUint32(bytes, at + 12);
    this.octets = readUint32(bytes, at + 16);
  }

  /** Gives the place behind it. */
  write(target: Uint8Array, at: number): number {
    writeUint32(target, at, this.ntpSeconds);
    writeUint32(target, at + 4, this.ntpFraction);
    writeUint32(target, at + 8, this.timestamp);
    writeUint32(target, at + 12, this.packets);
    writeUint32(target, at + 16, this.octets);
    return at + senderInfoBytes;
  }

  /** `unixMs`: wall time with fractions. */
  setTime(unixMs: number): void {
    const seconds = Math.floor(unixMs / 1000);
    this.ntpSeconds = (seconds + from1900) >>> 0;
    this.ntpFraction = Math.floor(((unixMs - 1000 * seconds) / 1000) * 2 ** 32) >>> 0;
  }

  /** What a receiver gives back as LSR: "the middle 32 bits out of 64 in the NTP timestamp". */
  get middle(): number {
    return ((this.ntpSeconds << 16) | (this.ntpFraction >>> 16)) >>> 0;
  }
}
