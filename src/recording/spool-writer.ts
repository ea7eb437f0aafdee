import { type Aead, aeadTagBytes } from '../kernel/aead.ts';
import type { RandomBytes } from '../kernel/ids.ts';
import type { SpoolFile } from './ports.ts';
import {
  type Checkpoint,
  frameHead,
  type FrameKind,
  frameKind,
  frameNonce,
  saltBytes,
  spoolKey,
  spoolMagic,
  type SpoolManifest,
} from './spool-format.ts';

/** Sealed bytes that wait for a slow disk: two minutes of stereo at 8 kHz. Beyond it the recording fails. */
const pendingLimit = 4 * 1024 * 1024;

/** Checkpoints grow a little with their numbers. */
const roomForMore = 256;

const noAudio = new Uint8Array(0);

/**
 * Seals frames and hands them to the disk in their order, those of one turn in one write. The first error stops it
 * for good: `fault` says so, and nothing is written after it, so that what stands is whole up to there.
 */
export class SpoolWriter {
  /** The disk's error; null while all is well. */
  fault: Error | null = null;
  writtenBytes = 0;
  /** A thread packs one frame at a time: one buffer serves all its spools. */
  static #plaintext = Buffer.alloc(0);
  readonly #file: SpoolFile;
  readonly #aead: Aead;
  readonly #key: Uint8Array;
  #index = 0;
  #queue: Uint8Array[] = [];
  #pending = 0;
  #writing: Promise<void> | null = null;
  #unsynced = false;
  #closing = false;

  private constructor(file: SpoolFile, aead: Aead, key: Uint8Array) {
    this.#file = file;
    this.#aead = aead;
    this.#key = key;
  }

  /** Takes the file over, and resolves once its first frame is written. */
  static async start(
    file: SpoolFile,
    spoolSecret: Uint8Array,
    manifest: SpoolManifest,
    deps: { readonly aead: Aead; readonly random: RandomBytes },
  ): Promise<SpoolWriter> {
    const salt = deps.random(saltBytes);
    const writer = new SpoolWriter(file, deps.aead, spoolKey(spoolSecret, salt));
    writer.#enqueue(spoolMagic, salt);
    writer.#seal(frameKind.manifest, JSON.stringify(manifest), noAudio);
    await writer.written();
    if (writer.fault !== null) {
      await writer.close();
      throw writer.fault;
    }
    return writer;
  }

  /** *Borrows* the audio until return. */
  append(audio: Uint8Array, checkpoint: Checkpoint): void {
    this.#seal(frameKind.audio, JSON.stringify(checkpoint), audio);
  }

  /** *Borrows* the bytes until return. */
  encoded(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#seal(frameKind.encoded, '', bytes);
  }

  /** *Borrows* the bytes until return. */
  raw(bytes: Uint8Array): void {
    this.#seal(frameKind.raw, '', bytes);
  }

  /** The last frame: the recording ended in order. */
  end(checkpoint: Checkpoint): void {
    this.#seal(frameKind.end, JSON.stringify(checkpoint), noAudio);
  }

  /** Resolves once the disk has taken what was appended. */
  async written(): Promise<void> {
    await this.#writing;
  }

  /** Brings what was written to the disk; does nothing when nothing was. */
  async sync(): Promise<void> {
    if (!this.#unsynced || this.#closing || this.fault !== null) return;
    this.#unsynced = false;
    try {
      await this.#file.sync();
    } catch (error) {
      this.fault = asError(error);
    }
  }

  /** Waits for what is on its way, then closes. The fault, if there is one, is in `fault`. */
  async close(): Promise<void> {
    this.#closing = true;
    await this.written();
    try {
      await this.#file.close();
    } catch (error) {
      this.fault ??= asError(error);
    }
  }

  #seal(kind: FrameKind, text: string, audio: Uint8Array): void {
    if (this.fault !== null) return;
    const nonce = frameNonce(this.#index);
    this.#index += 1;
    const plaintext = this.#packed(text, audio);
    const head = frameHead({
      kind,
      textBytes: plaintext.length - audio.length,
      sealedBytes: plaintext.length + aeadTagBytes,
    });
    const { body, tag } = this.#aead.sealParts(this.#key, nonce, plaintext, head);
    this.#enqueue(head, body, tag);
  }

  #packed(text: string, audio: Uint8Array): Uint8Array {
    const needed = Buffer.byteLength(text) + audio.length;
    if (SpoolWriter.#plaintext.length < needed) SpoolWriter.#plaintext = Buffer.alloc(needed + roomForMore);
    SpoolWriter.#plaintext.set(audio, SpoolWriter.#plaintext.write(text));
    return SpoolWriter.#plaintext.subarray(0, needed);
  }

  #enqueue(...parts: readonly Uint8Array[]): void {
    const length = bytesOf(parts);
    if (this.#pending + length > pendingLimit) {
      this.fault = new Error('the disk does not keep up with the recording');
      return;
    }
    this.#pending += length;
    this.#queue.push(...parts);
    this.#writing ??= this.#write();
  }

  async #write(): Promise<void> {
    // What is sealed in the same turn goes along.
    await Promise.resolve();
    while (this.#queue.length > 0) {
      const parts = this.#queue;
      this.#queue = [];
      if (this.fault === null) await this.#append(parts);
      this.#pending -= bytesOf(parts);
    }
    this.#writing = null;
  }

  async #append(parts: readonly Uint8Array[]): Promise<void> {
    try {
      await this.#file.append(parts);
      this.writtenBytes += bytesOf(parts);
      this.#unsynced = true;
    } catch (error) {
      this.fault = asError(error);
    }
  }
}

function bytesOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, part) => sum + part.length, 0);
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
