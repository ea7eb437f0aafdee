import type { AudioEncoder, AudioShape } from '../audio/audio-encoder.ts';
import type { Aead } from '../kernel/aead.ts';
import type { RandomBytes } from '../kernel/ids.ts';

/** Where sealed recordings go; `storage` gives it. */
export interface SealTarget {
  /** Begins an encrypted file that appears whole, at `finish`, or never. */
  create(objectKey: string, recipient: string): Promise<SealWriter>;
  /** The same beside an object to come, for packets as they came. */
  createRaw(objectKey: string, recipient: string): Promise<SealWriter>;
  /** An encrypted file beside the object, after it; durable when resolved. *Borrows* the bytes until then. */
  putPeaks(objectKey: string, recipient: string, peaks: Uint8Array): Promise<void>;
  /** Beside the object and after both; durable when resolved. Hexadecimal SHA-256 of what was written. */
  putManifest(objectKey: string, manifest: Readonly<Record<string, unknown>>): Promise<string>;
  /** What `putManifest` wrote, where the object is there as well; else null. */
  manifest(objectKey: string): Promise<StoredManifest | null>;
}

export interface StoredManifest {
  /** Null: it is no JSON any more. */
  readonly content: unknown;
  readonly sha256: string;
}

export interface SealWriter {
  /** *Borrows* the bytes until it resolves. */
  write(bytes: Uint8Array): Promise<void>;
  /** Durable when resolved. Hexadecimal SHA-256 of the ciphertext. */
  finish(): Promise<string>;
  abort(): Promise<void>;
}

/** The directory of live spools. Errors are the system's, with their `code`. */
export interface SpoolDisk {
  /** A new file; rejects where there is one. */
  create(path: string): Promise<SpoolFile>;
  /** For reading; null: there is none. */
  open(path: string): Promise<SpoolSource | null>;
  /** Durable when resolved. */
  remove(path: string): Promise<void>;
  /** Paths of the spools in a directory. */
  list(directory: string): Promise<readonly string[]>;
}

export interface SpoolFile {
  /** One behind the other; in the system's hands when resolved: survives this process. *Borrows* them until then. */
  append(parts: readonly Uint8Array[]): Promise<void>;
  /** On the disk when resolved, the file's name with it: it survives the power. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

export interface SpoolSource {
  readonly size: number;
  /** Fewer bytes at the end of the file. */
  read(offset: number, length: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** Encoders of MP3. Rejects where there is none. */
export interface Encoders {
  acquire(shape: AudioShape): Promise<AudioEncoder>;
}

/** What making a file of a spool needs. */
export interface SealDeps {
  readonly disk: SpoolDisk;
  readonly target: SealTarget;
  readonly encoders: Encoders;
  readonly aead: Aead;
  readonly random: RandomBytes;
  /** Between two portions of work that nobody waits for: resolves when it may go on. */
  readonly pace: () => Promise<unknown>;
}
