import { open, readdir, rename, stat, unlink, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import {
  isMissing,
  makeDirectory,
  privateFile,
  removeFile,
  replaceFile,
  syncDirectory,
  writeAll,
} from './durable-file.ts';
import { assertObjectKey, type ObjectStore, type ObjectWriter } from './object-store.ts';

/** Names that are no object key, so that what was never finished is never listed or read. */
const unfinishedPrefix = '.unfinished-';

/** Objects as files below `root`, which is made where it is missing. */
export function diskObjectStore(root: string): ObjectStore {
  const pathOf = (key: string): string => {
    assertObjectKey(key);
    return join(root, key);
  };
  return {
    async create(key) {
      const path = pathOf(key);
      await makeDirectory(dirname(path));
      const temporary = unfinishedPath(path);
      return new DiskObjectWriter(await open(temporary, 'w', privateFile), temporary, path);
    },
    async put(key, bytes) {
      const path = pathOf(key);
      await makeDirectory(dirname(path));
      await replaceFile(path, unfinishedPath(path), bytes);
    },
    async read(key, offset, length) {
      const handle = await open(pathOf(key), 'r');
      try {
        return await readRange(handle, offset, length);
      } finally {
        await handle.close();
      }
    },
    async size(key) {
      try {
        return (await stat(pathOf(key))).size;
      } catch (error) {
        if (isMissing(error)) return null;
        throw error;
      }
    },
    delete: async (key) => removeFile(pathOf(key)),
    list: (prefix) => listKeys(root, prefix),
  };
}

/** Removes what a crash left half-written. Call before anything writes: it spares nothing unfinished. */
export async function removeUnfinishedObjects(root: string): Promise<number> {
  let removed = 0;
  for await (const { path, name } of walk(root, '')) {
    if (!name.startsWith(unfinishedPrefix)) continue;
    await unlink(path);
    removed += 1;
  }
  return removed;
}

function unfinishedPath(path: string): string {
  return join(dirname(path), `${unfinishedPrefix}${basename(path)}`);
}

async function readRange(handle: FileHandle, offset: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(bytes, filled, length - filled, offset + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}

interface Entry {
  readonly path: string;
  readonly key: string;
  readonly name: string;
}

async function* walk(root: string, below: string): AsyncGenerator<Entry> {
  const entries = await readdir(join(root, below), { withFileTypes: true }).catch((error: unknown) => {
    if (isMissing(error)) return [];
    throw error;
  });
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    const key = below === '' ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory()) yield* walk(root, key);
    else if (entry.isFile()) yield { path: join(root, key), key, name: entry.name };
  }
}

async function* listKeys(root: string, prefix: string): AsyncGenerator<string> {
  const folder = prefix.slice(0, Math.max(0, prefix.lastIndexOf('/')));
  if (folder !== '') assertObjectKey(folder);
  for await (const { key, name } of walk(root, folder)) {
    if (key.startsWith(prefix) && !name.startsWith(unfinishedPrefix)) yield key;
  }
}

class DiskObjectWriter implements ObjectWriter {
  readonly #handle: FileHandle;
  readonly #temporary: string;
  readonly #path: string;

  constructor(handle: FileHandle, temporary: string, path: string) {
    this.#handle = handle;
    this.#temporary = temporary;
    this.#path = path;
  }

  async write(bytes: Uint8Array): Promise<void> {
    await writeAll(this.#handle, bytes);
  }

  async commit(): Promise<void> {
    await this.#handle.sync();
    await this.#handle.close();
    await rename(this.#temporary, this.#path);
    await syncDirectory(dirname(this.#path));
  }

  async abort(): Promise<void> {
    await this.#handle.close().catch(() => undefined);
    await removeFile(this.#temporary);
  }
}
