import { createCipheriv, type Cipher } from 'node:crypto';

const blockBytes = 16;
/** No packet of telephony comes near. */
export const longestPacketBytes = 2048;
const maxBlocks = longestPacketBytes / blockBytes;

/**
 * AES in counter mode as SRTP counts (RFC 3711 §4.1.1). One cipher of the key lives as long as the key: it encrypts counter
 * blocks, and what comes out is the keystream. So no packet pays for setting a cipher up.
 */
export class CounterKeystream {
  readonly #cipher: Cipher;
  readonly #blocks = new Uint8Array(blockBytes * maxBlocks);
  readonly #view = new DataView(this.#blocks.buffer);
  /** The first n blocks, by n: a view made once. */
  readonly #firstBlocks: (Uint8Array | undefined)[] = [];
  readonly #salt1: number;
  readonly #salt2: number;
  readonly #salt3: number;

  /** *Borrows* both until return; the salt has 14 bytes. */
  constructor(key: Uint8Array, salt: Uint8Array) {
    this.#cipher = createCipheriv(key.length === 32 ? 'aes-256-ecb' : 'aes-128-ecb', key, null);
    this.#cipher.setAutoPadding(false);
    const padded = new DataView(new ArrayBuffer(blockBytes));
    for (const [i, byte] of salt.entries()) padded.setUint8(i, byte);
    for (let i = 0; i < maxBlocks; i++) this.#view.setUint32(blockBytes * i, padded.getUint32(0));
    this.#salt1 = padded.getUint32(4);
    this.#salt2 = padded.getUint32(8);
    this.#salt3 = padded.getUint32(12);
  }

  /**
   * Encrypts or decrypts the bytes from `from` to `to` in place. `index`: 48 bits of SRTP, 31 of SRTCP.
   * *Borrows* the packet until return.
   */
  apply(packet: Uint8Array, from: number, to: number, ssrc: number, index: number): void {
    const count = Math.ceil((to - from) / blockBytes);
    if (count <= 0) return;
    if (count > maxBlocks) throw new RangeError('more than the longest packet');
    const view = this.#view;
    const word1 = this.#salt1 ^ ssrc;
    const word2 = this.#salt2 ^ Math.floor(index / 0x1_0000);
    const word3 = this.#salt3 ^ ((index % 0x1_0000) << 16);
    for (let i = 0, at = 0; i < count; i++, at += blockBytes) {
      view.setInt32(at + 4, word1);
      view.setInt32(at + 8, word2);
      view.setInt32(at + 12, word3 | i);
    }
    const blocks = (this.#firstBlocks[count] ??= this.#blocks.subarray(0, blockBytes * count));
    const keystream = this.#cipher.update(blocks);
    for (let at = from, i = 0; at < to; at++, i++) {
      packet[at] = (packet[at] as number) ^ (keystream[i] as number);
    }
  }
}
