/**
 * The transform of one direction: what encrypts and authenticates its packets in place. All *borrow* the packet until
 * return, `length` is what of it counts, and `bodyAt` is where what is encrypted begins. `open` leaves a packet whose tag
 * does not hold as it was.
 */
export interface PacketProtection {
  /** What a packet grows by. */
  readonly rtpTrailerBytes: number;
  readonly rtcpTrailerBytes: number;
  /** The new length. The packet has room for the trailer. */
  sealRtp(packet: Uint8Array, bodyAt: number, length: number, ssrc: number, index: number): number;
  /** The length without trailer, -1 where the tag does not hold. */
  openRtp(packet: Uint8Array, bodyAt: number, length: number, ssrc: number, index: number): number;
  sealRtcp(packet: Uint8Array, length: number, ssrc: number, index: number): number;
  /** Where the word of SRTCP stands that has its index (RFC 3711 §3.4). */
  rtcpWordAt(length: number): number;
  openRtcp(packet: Uint8Array, length: number, ssrc: number, word: number): number;
}

/** RFC 3711 §3.4: the first bit says that the packet is encrypted; the index has 31. */
export const encryptedFlag = 0x8000_0000;
export const rtcpIndexMask = 0x7fff_ffff;
/** RFC 3711 §3.4: the header of the first report and its sender's SSRC stay in clear. */
export const rtcpBodyAt = 8;

/** Whether a tag is the one expected, without telling by the time that it takes where they differ. */
export function isSameTag(packet: Uint8Array, at: number, tag: Int32Array, tagBytes: number): boolean {
  let difference = 0;
  for (let i = 0; i < tagBytes; i++) {
    difference |= (packet[at + i] as number) ^ (((tag[i >> 2] as number) >>> (24 - 8 * (i & 3))) & 0xff);
  }
  return difference === 0;
}

export function writeWord(target: Uint8Array, at: number, word: number): void {
  target[at] = word >>> 24;
  target[at + 1] = (word >>> 16) & 0xff;
  target[at + 2] = (word >>> 8) & 0xff;
  target[at + 3] = word & 0xff;
}

export function readWord(source: Uint8Array, at: number): number {
  return (
    (((source[at] as number) << 24) |
      ((source[at + 1] as number) << 16) |
      ((source[at + 2] as number) << 8) |
      (source[at + 3] as number)) >>>
    0
  );
}
