/**
 * Sealed objects by key (`2026/11/23/ID.wav.age`): on a disk now, in S3 later. Everything in it is
 * ciphertext or a manifest without secrets.
 */
export interface ObjectStore {
  /** Begins an object that appears under its key whole, at `commit`, or never. One writer a key at a time. */
  create(key: string): Promise<ObjectWriter>;
  /** A small object at once; durable when resolved. */
  put(key: string, bytes: Uint8Array): Promise<void>;
  /** The bytes of a range, fewer at the end of the object. Rejects where there is no such object. */
  read(key: string, offset: number, length: number): Promise<Uint8Array>;
  /** Bytes; null: no such object. */
  size(key: string): Promise<number | null>;
  /** Durable when resolved. False: there was none. */
  delete(key: string): Promise<boolean>;
  /** Keys that begin with `prefix`, in order. */
  list(prefix: string): AsyncIterable<string>;
}

export interface ObjectWriter {
  /** *Borrows* the bytes until it resolves. */
  write(bytes: Uint8Array): Promise<void>;
  /** Durable when resolved. */
  commit(): Promise<void>;
  /** Nothing of it stays. */
  abort(): Promise<void>;
}

const segment = /^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/;
const longestKey = 512;

/** Plain names between slashes: nothing that a file system, a URL or a shell reads as anything else. */
function isObjectKey(key: string): boolean {
  return key.length <= longestKey && key.split('/').every((part) => segment.test(part));
}

/** For keys made inside the product, where a bad one is a bug. */
export function assertObjectKey(key: string): void {
  if (!isObjectKey(key)) throw new RangeError('not an object key');
}
