import type { Aead } from '../kernel/aead.ts';
import type { SpoolSource } from './ports.ts';
import {
  type FrameHead,
  frameHeadBytes,
  type FrameKind,
  frameNonce,
  readFrameHead,
  type SpoolFrame,
  spoolHeaderBytes,
  spoolKey,
  spoolMagic,
} from './spool-format.ts';

const readAheadBytes = 256 * 1024;
/** A file beyond this holds audio, whatever its first frame looks like: it is never taken for an empty one. */
const tornLimit = 16 * 1024;

/** `torn`: cut off in its first frame, so empty; `unreadable`: damaged, not a spool, or of another secret. */
export type SpoolFault = 'torn' | 'unreadable';

/** A frame as it stands in the file. */
export interface SealedFrame {
  readonly head: FrameHead;
  readonly headBytes: Uint8Array;
  readonly sealed: Uint8Array;
}

/** Null: damaged, or not the frame of this number. */
export function openFrame(aead: Aead, key: Uint8Array, index: number, frame: SealedFrame): SpoolFrame | null {
  const { head, headBytes, sealed } = frame;
  const opened = aead.open(key, frameNonce(index), sealed, headBytes);
  if (opened === null) return null;
  const { kind, textBytes } = head;
  return { kind, text: opened.toString('utf8', 0, textBytes), audio: opened.subarray(textBytes) };
}

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

  /**
   * *Lends* each frame until the next; of one kind only, if one is named. Stops at the end of the file and at the
   * first frame that is cut or changed.
   */
  async *frames(only: FrameKind | null = null): AsyncGenerator<SpoolFrame> {
    const header = await this.#take(spoolHeaderBytes);
    if (header === null || !header.subarray(0, spoolMagic.length).equals(spoolMagic)) {
      this.fault = header === null ? 'torn' : 'unreadable';
      return;
    }
    const key = spoolKey(this.#spoolSecret, header.subarray(spoolMagic.length));
    for (let index = 0; ; index++) {
      const sealed = await this.#takeFrame();
      if (sealed !== null && only !== null && sealed.head.kind !== only) continue;
      const frame = sealed === null ? null : openFrame(this.#aead, key, index, sealed);
      if (frame === null) {
        const cut = sealed === null && this.#source.size <= tornLimit;
        if (index === 0) this.fault = cut ? 'torn' : 'unreadable';
        return;
      }
      yield frame;
    }
  }

  async #takeFrame(): Promise<SealedFrame | null> {
    const bytes = await this.#take(frameHeadBytes);
    const head = bytes === null ? null : readFrameHead(bytes);
    if (bytes === null || head === null) return null;
    const sealed = await this.#take(head.sealedBytes);
    return sealed === null ? null : { head, headBytes: bytes, sealed };
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
