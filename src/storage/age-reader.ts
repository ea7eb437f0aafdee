import { type Aead, aeadTagBytes } from '../kernel/aead.ts';
import { err, ok, type Result } from '../kernel/result.ts';
import {
  ageHeaderLength,
  chunkNonce,
  headerSearchBytes,
  openAgeHeader,
  payloadChunkBytes,
  payloadKey,
  payloadNonceBytes,
} from './age-header.ts';
import type { ObjectStore } from './object-store.ts';

const sealedChunkBytes = payloadChunkBytes + aeadTagBytes;
/** A stream reads this many chunks at a time. */
const chunksAtOnce = 4;

/** `missing`: no such object; `not-age`: another format; `wrong-identity`: not for it; `corrupt`: cut or changed. */
export type AgeFault = 'missing' | 'not-age' | 'wrong-identity' | 'corrupt';

/** The object was changed or cut after it was opened, or a disk lies. */
export class CorruptObjectError extends Error {
  override readonly name = 'CorruptObjectError';
}

/** One opened age file: any range of its plaintext, without decrypting the rest. */
export class AgeReader {
  /** Bytes of plaintext. */
  readonly size: number;
  readonly #store: ObjectStore;
  readonly #objectKey: string;
  readonly #aead: Aead;
  readonly #key: Uint8Array;
  readonly #start: number;
  readonly #lastChunk: number;

  private constructor(
    source: { readonly store: ObjectStore; readonly objectKey: string; readonly aead: Aead },
    key: Uint8Array,
    start: number,
    sealedBytes: number,
  ) {
    const chunks = Math.ceil(sealedBytes / sealedChunkBytes);
    this.#store = source.store;
    this.#objectKey = source.objectKey;
    this.#aead = source.aead;
    this.#key = key;
    this.#start = start;
    this.#lastChunk = chunks - 1;
    this.size = sealedBytes - chunks * aeadTagBytes;
  }

  /** Opens and checks the last chunk, so that a file that was cut is refused here. */
  static async open(
    source: { readonly store: ObjectStore; readonly objectKey: string; readonly aead: Aead },
    identity: string,
  ): Promise<Result<AgeReader, AgeFault>> {
    const { store, objectKey } = source;
    const total = await store.size(objectKey);
    if (total === null) return err('missing');
    const start = await store.read(objectKey, 0, Math.min(total, headerSearchBytes));
    const headerBytes = ageHeaderLength(start);
    if (headerBytes === null) return err('not-age');
    const fileKey = await openAgeHeader(start.subarray(0, headerBytes), identity);
    if (fileKey === null) return err('wrong-identity');
    const payload = headerBytes + payloadNonceBytes;
    if (total < payload + aeadTagBytes) return err('corrupt');
    const key = payloadKey(fileKey, start.subarray(headerBytes, payload));
    const reader = new AgeReader(source, key, payload, total - payload);
    return (await reader.#openChunks(reader.#lastChunk, 1)) === null ? err('corrupt') : ok(reader);
  }

  /** The bytes from `offset`, fewer at the end. Throws `CorruptObjectError`. */
  async read(offset: number, length: number): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    for await (const part of this.stream(offset, offset + length)) parts.push(part);
    return Buffer.concat(parts);
  }

  /** Plaintext from `start` up to `end` (exclusive; the size by default). Throws `CorruptObjectError`. */
  async *stream(start = 0, end = this.size): AsyncGenerator<Uint8Array> {
    const stop = Math.min(end, this.size);
    let at = Math.max(0, start);
    while (at < stop) {
      const first = Math.floor(at / payloadChunkBytes);
      const last = Math.floor((stop - 1) / payloadChunkBytes);
      const opened = await this.#openChunks(first, Math.min(chunksAtOnce, last - first + 1));
      if (opened === null) throw new CorruptObjectError('an encrypted object does not hold what was sealed');
      const from = first * payloadChunkBytes;
      const part = opened.subarray(at - from, stop - from);
      if (part.length === 0) return;
      at += part.length;
      yield part;
    }
  }

  async #openChunks(first: number, count: number): Promise<Uint8Array | null> {
    const from = this.#start + first * sealedChunkBytes;
    const sealed = await this.#store.read(this.#objectKey, from, count * sealedChunkBytes);
    const parts: Uint8Array[] = [];
    for (let i = 0; i < count; i++) {
      const chunk = sealed.subarray(i * sealedChunkBytes, (i + 1) * sealedChunkBytes);
      const nonce = chunkNonce(first + i, first + i === this.#lastChunk);
      const opened = this.#aead.open(this.#key, nonce, chunk);
      if (opened === null) return null;
      parts.push(opened);
    }
    return Buffer.concat(parts);
  }
}
