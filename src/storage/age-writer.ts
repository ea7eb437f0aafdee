import { createHash } from 'node:crypto';
import type { Aead } from '../kernel/aead.ts';
import type { RandomBytes } from '../kernel/ids.ts';
import {
  chunkNonce,
  createAgeHeader,
  payloadChunkBytes,
  payloadKey,
  payloadNonceBytes,
} from './age-header.ts';
import type { ObjectWriter } from './object-store.ts';

export interface AgeWriterDeps {
  readonly aead: Aead;
  readonly random: RandomBytes;
}

/**
 * Writes one age v1 file, chunk by chunk, into an object. Its file key is drawn here and never leaves, so
 * that a seal that starts again can never meet its own keys.
 */
export class AgeWriter {
  readonly #object: ObjectWriter;
  readonly #aead: Aead;
  readonly #key: Uint8Array;
  readonly #chunk = Buffer.alloc(payloadChunkBytes);
  readonly #hash = createHash('sha256');
  #filled = 0;
  #index = 0;

  private constructor(object: ObjectWriter, aead: Aead, key: Uint8Array) {
    this.#object = object;
    this.#aead = aead;
    this.#key = key;
  }

  /** *Takes* the object: it is aborted where not even the head of the file can be written. */
  static async start(object: ObjectWriter, recipient: string, deps: AgeWriterDeps): Promise<AgeWriter> {
    const { header, fileKey } = await createAgeHeader(recipient);
    const nonce = deps.random(payloadNonceBytes);
    const writer = new AgeWriter(object, deps.aead, payloadKey(fileKey, nonce));
    try {
      await writer.#put(Buffer.concat([header, nonce]));
    } catch (error) {
      await object.abort();
      throw error;
    }
    return writer;
  }

  /** *Borrows* the bytes until it resolves. */
  async write(bytes: Uint8Array): Promise<void> {
    let taken = 0;
    while (taken < bytes.length) {
      // A full chunk waits until more follows: the last one carries a flag and is never empty.
      if (this.#filled === payloadChunkBytes) await this.#seal(false);
      const part = bytes.subarray(taken, taken + payloadChunkBytes - this.#filled);
      this.#chunk.set(part, this.#filled);
      this.#filled += part.length;
      taken += part.length;
    }
  }

  /** Seals the last chunk and makes the object durable. Returns the SHA-256 of the ciphertext. */
  async finish(): Promise<string> {
    await this.#seal(true);
    await this.#object.commit();
    return this.#hash.digest('hex');
  }

  async abort(): Promise<void> {
    await this.#object.abort();
  }

  async #seal(last: boolean): Promise<void> {
    const nonce = chunkNonce(this.#index, last);
    const sealed = this.#aead.seal(this.#key, nonce, this.#chunk.subarray(0, this.#filled));
    this.#index += 1;
    this.#filled = 0;
    await this.#put(sealed);
  }

  async #put(bytes: Uint8Array): Promise<void> {
    this.#hash.update(bytes);
    await this.#object.write(bytes);
  }
}
