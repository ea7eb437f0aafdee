import { createCipheriv, createDecipheriv } from 'node:crypto';
import { deriveSessionKeys, type SessionKeys } from './key-derivation.ts';
import {
  encryptedFlag,
  type PacketProtection,
  readWord,
  rtcpBodyAt,
  rtcpIndexMask,
  writeWord,
} from './packet-protection.ts';
import type { MasterKey, SrtpSuite } from './srtp-suites.ts';

const wordBytes = 4;
const nonceBytes = 12;
const tagBytes = 16;

/** AES-GCM (RFC 7714): body, tag, [index,] MKI. Its tag covers the header too. */
export class GcmProtection implements PacketProtection {
  readonly rtpTrailerBytes: number;
  readonly rtcpTrailerBytes: number;
  readonly #rtp: SessionKeys;
  readonly #rtcp: SessionKeys;
  readonly #mkiBytes: number;
  readonly #nonce = new Uint8Array(nonceBytes);
  /** RFC 7714 §9.2: header and index word of SRTCP. */
  readonly #rtcpHead = new Uint8Array(rtcpBodyAt + wordBytes);

  /** *Takes* the keys. */
  constructor(rtp: SessionKeys, rtcp: SessionKeys, mkiBytes: number) {
    this.#rtp = rtp;
    this.#rtcp = rtcp;
    this.#mkiBytes = mkiBytes;
    this.rtpTrailerBytes = tagBytes + mkiBytes;
    this.rtcpTrailerBytes = tagBytes + wordBytes + mkiBytes;
  }

  static of(master: MasterKey, suite: SrtpSuite): GcmProtection {
    const rtp = deriveSessionKeys(master, suite, 'rtp');
    return new GcmProtection(rtp, deriveSessionKeys(master, suite, 'rtcp'), master.mkiBytes ?? 0);
  }

  sealRtp(packet: Uint8Array, bodyAt: number, length: number, ssrc: number, index: number): number {
    this.#setNonce(this.#rtp.salt, ssrc, index);
    seal(this.#rtp.encryption, this.#nonce, packet.subarray(0, bodyAt), packet, bodyAt, length);
    return length + tagBytes;
  }

  openRtp(packet: Uint8Array, bodyAt: number, length: number, ssrc: number, index: number): number {
    const end = length - this.rtpTrailerBytes;
    this.#setNonce(this.#rtp.salt, ssrc, index);
    const head = packet.subarray(0, bodyAt);
    return open(this.#rtp.encryption, this.#nonce, head, packet, bodyAt, end) ? end : -1;
  }

  sealRtcp(packet: Uint8Array, length: number, ssrc: number, index: number): number {
    const word = (encryptedFlag | index) >>> 0;
    this.#setNonce(this.#rtcp.salt, ssrc, index);
    seal(this.#rtcp.encryption, this.#nonce, this.#headOf(packet, word), packet, rtcpBodyAt, length);
    writeWord(packet, length + tagBytes, word);
    return length + tagBytes + wordBytes;
  }

  rtcpWordAt(length: number): number {
    return length - this.#mkiBytes - wordBytes;
  }

  openRtcp(packet: Uint8Array, length: number, ssrc: number, word: number): number {
    const end = length - this.rtcpTrailerBytes;
    this.#setNonce(this.#rtcp.salt, ssrc, word & rtcpIndexMask);
    const { encryption } = this.#rtcp;
    if (word >= encryptedFlag) {
      return open(encryption, this.#nonce, this.#headOf(packet, word), packet, rtcpBodyAt, end) ? end : -1;
    }
    // RFC 7714 §9.3: a packet in clear is authenticated whole, with the word behind it.
    const whole = new Uint8Array(end + wordBytes);
    whole.set(packet.subarray(0, end));
    writeWord(whole, end, word);
    return open(encryption, this.#nonce, whole, packet, end, end) ? end : -1;
  }

  /** RFC 7714 §8.1 and §9.1: two zero octets, SSRC and 48 bits of index, over which lies the salt. */
  #setNonce(salt: Uint8Array, ssrc: number, index: number): void {
    const nonce = this.#nonce;
    nonce[0] = nonce[1] = 0;
    writeWord(nonce, 2, ssrc);
    writeWord(nonce, 6, Math.floor(index / 0x1_0000));
    nonce[10] = (index >>> 8) & 0xff;
    nonce[11] = index & 0xff;
    for (let i = 0; i < nonceBytes; i++) nonce[i] = (nonce[i] as number) ^ (salt[i] as number);
  }

  #headOf(packet: Uint8Array, word: number): Uint8Array {
    writeWord(this.#rtcpHead, 0, readWord(packet, 0));
    writeWord(this.#rtcpHead, 4, readWord(packet, 4));
    writeWord(this.#rtcpHead, rtcpBodyAt, word);
    return this.#rtcpHead;
  }
}

function seal(
  key: Uint8Array,
  nonce: Uint8Array,
  head: Uint8Array,
  packet: Uint8Array,
  from: number,
  to: number,
): void {
  const cipher =
    key.length === 32 ? createCipheriv('aes-256-gcm', key, nonce) : createCipheriv('aes-128-gcm', key, nonce);
  cipher.setAAD(head);
  packet.set(cipher.update(packet.subarray(from, to)), from);
  cipher.final();
  packet.set(cipher.getAuthTag(), to);
}

/** False, and the packet as it was, where the tag at `to` does not hold. */
function open(
  key: Uint8Array,
  nonce: Uint8Array,
  head: Uint8Array,
  packet: Uint8Array,
  from: number,
  to: number,
): boolean {
  const decipher =
    key.length === 32
      ? createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes })
      : createDecipheriv('aes-128-gcm', key, nonce, { authTagLength: tagBytes });
  decipher.setAAD(head);
  decipher.setAuthTag(packet.subarray(to, to + tagBytes));
  const clear = decipher.update(packet.subarray(from, to));
  try {
    decipher.final();
  } catch {
    return false;
  }
  packet.set(clear, from);
  return true;
}
