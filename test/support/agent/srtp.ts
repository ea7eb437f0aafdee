import { createCipheriv, createHmac } from 'node:crypto';

const keyBytes = 16;
const masterBytes = 30;
const tagBytes = 10;

/** AES_CM_128_HMAC_SHA1_80 (RFC 3711) of one direction, as plainly as `node:crypto` lets it be written down. */
export class PlainSrtp {
  readonly #key: Buffer;
  readonly #salt: Buffer;
  readonly #auth: Buffer;
  #rollOver = 0;
  #last = -1;

  /** Master key and salt, in base64 as SDP has them (RFC 4568 §6.1). */
  constructor(inline: string) {
    const master = Buffer.from(inline, 'base64');
    if (master.length !== masterBytes) throw new Error(`a key of ${master.length} bytes`);
    this.#key = derive(master, 0, 16);
    this.#auth = derive(master, 1, 20);
    this.#salt = derive(master, 2, 14);
  }

  protect(packet: Buffer): Buffer {
    const rollOver = this.#rollOverOf(packet);
    const sealed = Buffer.concat([packet.subarray(0, 12), this.#crypt(packet, packet.length, rollOver)]);
    return Buffer.concat([sealed, this.#tag(sealed, rollOver)]);
  }

  /** Null: the tag does not hold. */
  unprotect(packet: Buffer): Buffer | null {
    const end = packet.length - tagBytes;
    if (end < 12) return null;
    const rollOver = this.#rollOverOf(packet);
    if (!this.#tag(packet.subarray(0, end), rollOver).equals(packet.subarray(end))) return null;
    return Buffer.concat([packet.subarray(0, 12), this.#crypt(packet, end, rollOver)]);
  }

  /** RFC 3711 §3.3.1, for a stream in order. */
  #rollOverOf(packet: Buffer): number {
    const sequence = packet.readUInt16BE(2);
    if (this.#last - sequence > 0x8000) this.#rollOver += 1;
    this.#last = sequence;
    return this.#rollOver;
  }

  /** RFC 3711 §4.1.1. */
  #crypt(packet: Buffer, end: number, rollOver: number): Buffer {
    const counter = Buffer.concat([this.#salt, Buffer.alloc(2)]);
    counter.writeUInt32BE((counter.readUInt32BE(4) ^ packet.readUInt32BE(8)) >>> 0, 4);
    counter.writeUInt32BE((counter.readUInt32BE(8) ^ rollOver) >>> 0, 8);
    counter.writeUInt16BE(counter.readUInt16BE(12) ^ packet.readUInt16BE(2), 12);
    return createCipheriv('aes-128-ctr', this.#key, counter).update(packet.subarray(12, end));
  }

  #tag(sealed: Buffer, rollOver: number): Buffer {
    const index = Buffer.alloc(4);
    index.writeUInt32BE(rollOver);
    return createHmac('sha1', this.#auth).update(sealed).update(index).digest().subarray(0, tagBytes);
  }
}

/** RFC 3711 §4.3. */
function derive(master: Buffer, label: number, length: number): Buffer {
  const counter = Buffer.concat([master.subarray(keyBytes), Buffer.alloc(2)]);
  counter[7]! ^= label;
  return createCipheriv('aes-128-ctr', master.subarray(0, keyBytes), counter).update(Buffer.alloc(length));
}
