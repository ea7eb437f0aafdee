import { CounterKeystream } from './counter-keystream.ts';
import { HmacSha1 } from './hmac-sha1.ts';
import { deriveSessionKeys } from './key-derivation.ts';
import {
  encryptedFlag,
  isSameTag,
  type PacketProtection,
  rtcpBodyAt,
  rtcpIndexMask,
  writeWord,
} from './packet-protection.ts';
import type { MasterKey, SrtpSuite } from './srtp-suites.ts';

const wordBytes = 4;

/** AES counter mode with HMAC-SHA1 (RFC 3711 §4.1.1 and §4.2.1, RFC 6188): body, [index,] MKI, tag. */
export class CounterProtection implements PacketProtection {
  readonly rtpTrailerBytes: number;
  readonly rtcpTrailerBytes: number;
  readonly #tagBytes: number;
  readonly #rtcpTagBytes: number;
  readonly #mkiBytes: number;
  readonly #keystream: CounterKeystream;
  readonly #rtcpKeystream: CounterKeystream;
  readonly #mac: HmacSha1;
  readonly #rtcpMac: HmacSha1;

  constructor(master: MasterKey, suite: SrtpSuite) {
    const rtp = deriveSessionKeys(master, suite, 'rtp');
    const rtcp = deriveSessionKeys(master, suite, 'rtcp');
    this.#keystream = new CounterKeystream(rtp.encryption, rtp.salt);
    this.#rtcpKeystream = new CounterKeystream(rtcp.encryption, rtcp.salt);
    this.#mac = new HmacSha1(rtp.authentication);
    this.#rtcpMac = new HmacSha1(rtcp.authentication);
    this.#tagBytes = suite.tagBytes;
    this.#rtcpTagBytes = suite.rtcpTagBytes;
    this.#mkiBytes = master.mkiBytes ?? 0;
    this.rtpTrailerBytes = this.#mkiBytes + suite.tagBytes;
    this.rtcpTrailerBytes = wordBytes + this.#mkiBytes + suite.rtcpTagBytes;
  }

  sealRtp(packet: Uint8Array, bodyAt: number, length: number, ssrc: number, index: number): number {
    this.#keystream.apply(packet, bodyAt, length, ssrc, index);
    this.#mac.compute(packet, length, rollOver(index), true);
    writeTag(packet, length, this.#mac.digest, this.#tagBytes);
    return length + this.#tagBytes;
  }

  openRtp(packet: Uint8Array, bodyAt: number, length: number, ssrc: number, index: number): number {
    const end = length - this.rtpTrailerBytes;
    this.#mac.compute(packet, end, rollOver(index), true);
    if (!isSameTag(packet, length - this.#tagBytes, this.#mac.digest, this.#tagBytes)) return -1;
    this.#keystream.apply(packet, bodyAt, end, ssrc, index);
    return end;
  }

  sealRtcp(packet: Uint8Array, length: number, ssrc: number, index: number): number {
    this.#rtcpKeystream.apply(packet, rtcpBodyAt, length, ssrc, index);
    writeWord(packet, length, encryptedFlag | index);
    this.#rtcpMac.compute(packet, length + wordBytes, 0, false);
    writeTag(packet, length + wordBytes, this.#rtcpMac.digest, this.#rtcpTagBytes);
    return length + wordBytes + this.#rtcpTagBytes;
  }

  rtcpWordAt(length: number): number {
    return length - this.rtcpTrailerBytes;
  }

  openRtcp(packet: Uint8Array, length: number, ssrc: number, word: number): number {
    const end = length - this.rtcpTrailerBytes;
    this.#rtcpMac.compute(packet, end + wordBytes, 0, false);
    if (!isSameTag(packet, length - this.#rtcpTagBytes, this.#rtcpMac.digest, this.#rtcpTagBytes)) return -1;
    if (word >= encryptedFlag) this.#rtcpKeystream.apply(packet, rtcpBodyAt, end, ssrc, word & rtcpIndexMask);
    return end;
  }
}

/** RFC 3711 §4.2: what is authenticated besides the packet. */
function rollOver(index: number): number {
  return Math.floor(index / 0x1_0000);
}

/** RFC 3711 §4.2.1: the leftmost bytes of the code. */
function writeTag(packet: Uint8Array, at: number, digest: Int32Array, tagBytes: number): void {
  for (let i = 0; i < tagBytes; i++) {
    packet[at + i] = ((digest[i >> 2] as number) >>> (24 - 8 * (i & 3))) & 0xff;
  }
}
