/** FIPS 180-4 §6.1: blocks of 512 bits, a state of five words. */
const blockBytes = 64;
const initial = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0] as const;

const schedule = new Int32Array(80);

/**
 * HMAC-SHA1 (RFC 2104) with the state of its key computed once, so that a packet costs its own blocks and one more.
 * No table is looked up and no branch is taken by what the bytes are.
 */
export class HmacSha1 {
  /** The code of the last `compute`, as five big-endian words. */
  readonly digest = new Int32Array(5);
  readonly #inner = new Int32Array(initial);
  readonly #outer = new Int32Array(initial);
  readonly #tail = new Uint8Array(2 * blockBytes);
  readonly #tailView = new DataView(this.#tail.buffer);

  /** *Borrows* the key, of at most 64 bytes, until return. */
  constructor(key: Uint8Array) {
    const pad = new Uint8Array(blockBytes).fill(0x36);
    for (const [i, byte] of key.entries()) pad[i] = 0x36 ^ byte;
    compress(this.#inner, pad, 0);
    pad.fill(0x5c);
    for (const [i, byte] of key.entries()) pad[i] = 0x5c ^ byte;
    compress(this.#outer, pad, 0);
  }

  /**
   * The code of the first `length` bytes and, where `hasWord`, four bytes more: those of `word`, big-endian. *Borrows*
   * the buffer until return.
   */
  compute(buffer: Uint8Array, length: number, word: number, hasWord: boolean): void {
    const digest = this.digest;
    digest.set(this.#inner);
    let at = 0;
    for (; at + blockBytes <= length; at += blockBytes) compress(digest, buffer, at);
    const tail = this.#tail;
    let used = 0;
    while (at < length) tail[used++] = buffer[at++] as number;
    if (hasWord) {
      this.#tailView.setUint32(used, word);
      used += 4;
    }
    this.#finish(used, blockBytes + length + (hasWord ? 4 : 0));
    for (let i = 0; i < 5; i++) this.#tailView.setInt32(4 * i, digest[i] as number);
    digest.set(this.#outer);
    this.#finish(20, blockBytes + 20);
  }

  /** FIPS 180-4 §5.1.1: a one, zeros, and the length in bits; no packet needs its upper half. */
  #finish(used: number, total: number): void {
    const tail = this.#tail;
    const end = used + 9 <= blockBytes ? blockBytes : 2 * blockBytes;
    tail[used] = 0x80;
    tail.fill(0, used + 1, end - 4);
    this.#tailView.setUint32(end - 4, 8 * total);
    for (let at = 0; at < end; at += blockBytes) compress(this.digest, tail, at);
  }
}

/** FIPS 180-4 §6.1.2, over the block that begins at `at`. */
function compress(state: Int32Array, bytes: Uint8Array, at: number): void {
  const w = schedule;
  for (let i = 0; i < 16; i++, at += 4) {
    w[i] =
      ((bytes[at] as number) << 24) |
      ((bytes[at + 1] as number) << 16) |
      ((bytes[at + 2] as number) << 8) |
      (bytes[at + 3] as number);
  }
  for (let i = 16; i < 80; i++) {
    const x = (w[i - 3] as number) ^ (w[i - 8] as number) ^ (w[i - 14] as number) ^ (w[i - 16] as number);
    w[i] = (x << 1) | (x >>> 31);
  }
  let a = state[0] as number;
  let b = state[1] as number;
  let c = state[2] as number;
  let d = state[3] as number;
  let e = state[4] as number;
  for (let i = 0; i < 80; i++) {
    // FIPS 180-4 §4.1.1 and §4.2.1: another function and constant each twenty rounds.
    const f =
      i < 20
        ? (d ^ (b & (c ^ d))) + 0x5a827999
        : i < 40
          ? (b ^ c ^ d) + 0x6ed9eba1
          : i < 60
            ? ((b & c) | (d & (b | c))) + 0x8f1bbcdc
            : (b ^ c ^ d) + 0xca62c1d6;
    const t = (((a << 5) | (a >>> 27)) + f + e + (w[i] as number)) | 0;
    e = d;
    d = c;
    c = (b << 30) | (b >>> 2);
    b = a;
    a = t;
  }
  state[0] = ((state[0] as number) + a) | 0;
  state[1] = ((state[1] as number) + b) | 0;
  state[2] = ((state[2] as number) + c) | 0;
  state[3] = ((state[3] as number) + d) | 0;
  state[4] = ((state[4] as number) + e) | 0;
}
