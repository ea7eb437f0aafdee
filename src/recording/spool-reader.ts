import { type Aead, aeadTagBytes } from '../kernel/aead.ts';
import type { SpoolSource } from './ports.ts';
import {
  frameNonce,
  lengthBytes,
  longestFrame,
  type SpoolFrame,
  spoolHeaderBytes,
  spoolKey,
  spoolMagic,
  unpackFrame,
} from './spool-format.ts';

const readAheadBytes = 256 * 1024;
/** A file beyond this holds audio, whatever its first frame looks like: it is never taken for an empty one. */
const tornLimit = 16 * 1024;

/** `torn`: cut off in its first frame, so empty; `unreadable`: damaged, not a spool, or of another secret. */
export type SpoolFault = 'torn' | 'unreadable';

/** Reads a spool's frames in their order, up to the first that does not open. */
export class SpoolReader {
  /** Why there is not even a first frame; null where there is. Set by the first `frames`. */
  fault: SpoolFault | null = null;
  readonly #source: SpoolSource;
  readonly #aead: Aead;
  readonly #spoolSecret: Uint8Array;
  #buffer = Buffer.alloc(0);
  /** Position in the file of the buffer's first byte. */
  #at = 0;

  constructor(source: SpoolSource, spoolSecret: Uint8Array, aead: Aead) {
    this.#source = source;
    this.#spoolSecret = spoolSecret;
    this.#aead = aead;
  }

  /** *Lends* each frame until the next. Stops at the end of the file and at the first that is cut or changed. */
  async *frames(): AsyncGenerator<SpoolFrame> {
    const header = await this.#take(spoolHeaderBytes);
    if (header === null || !header.subarray(0, spoolMagic.length).equals(spoolMagic)) {
      this.fault = header === null ? 'torn' : 'unreadable';
      return;
    }
    const key = spoolKey(this.#spoolSecret, header.subarray(spoolMagic.length));
    for (let index = 0; ; index++) {
      const sealed = await this.#takeFrame();
      const opened = sealed === null ? null : this.#aead.open(key, frameNonce(index), sealed);
      const frame = opened === null ? null : unpackFrame(opened);
      if (frame === null) {
        const cut = sealed === null && this.#source.size <= tornLimit;
        if (index === 0) this.fault = cut ? 'torn' : 'unreadable';
        return;
      }
      yield frame;
    }
  }

  async #takeFrame(): Promise<Buffer | null> {
    const prefix = await this.#take(lengthBytes);
    const length = prefix?.readUInt32BE() ?? 0;
    if (length < aeadTagBytes || length > longestFrame) return null;
    return this.#take(length);
  }

  /** The next bytes, or null where the file ends before. */
  async #take(length: number): Promise<Buffer | null> {
    if (this.#buffer.length < length) {
      const wanted = Math.max(length, readAheadBytes) - this.#buffer.length;
      const more = await this.#source.read(this.#at + this.#buffer.length, wanted);
      this.#buffer = Buffer.concat([this.#buffer, more]);
      if (this.#buffer.length < length) return null;
    }
    const taken = this.#buffer.subarray(0, length);
    this.#buffer = this.#buffer.subarray(length);
    this.#at += length;
    return taken;
  }
}
