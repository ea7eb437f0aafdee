import { type FileHandle, mkdir, open, readdir, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { SpoolDisk, SpoolFile, SpoolSource } from './ports.ts';
import { spoolSuffix } from './spool-format.ts';

const privateFile = 0o600;

/** Spools as files of a directory of the host. */
export const systemSpoolDisk: SpoolDisk = {
  async create(path) {
    return new DiskSpoolFile(await open(path, 'wx', privateFile), dirname(path));
  },
  async open(path) {
    const handle = await ifThere(open(path, 'r'));
    if (handle === null) return null;
    const { size } = await handle.stat();
    return { size, read: (offset, length) => readRange(handle, offset, length), close: () => handle.close() };
  },
  async remove(path) {
    await ifThere(unlink(path));
    await syncDirectory(dirname(path));
  },
  async list(directory) {
    const names = (await ifThere(readdir(directory))) ?? [];
    return names
      .filter((name) => name.endsWith(spoolSuffix))
      .sort()
      .map((name) => join(directory, name));
  },
};

/** Makes the directory of spools where it is missing. */
export async function makeSpoolDirectory(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
}

class DiskSpoolFile implements SpoolFile {
  readonly #handle: FileHandle;
  readonly #directory: string;
  #nameIsDurable = false;

  constructor(handle: FileHandle, directory: string) {
    this.#handle = handle;
    this.#directory = directory;
  }

  async append(parts: readonly Uint8Array[]): Promise<void> {
    let left = parts;
    while (left.length > 0) {
      const { bytesWritten } = await this.#handle.writev(left);
      left = behind(left, bytesWritten);
    }
  }

  async sync(): Promise<void> {
    await this.#handle.datasync();
    if (this.#nameIsDurable) return;
    await syncDirectory(this.#directory);
    this.#nameIsDurable = true;
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}

/** What is left of parts of which so many bytes were written: nearly always nothing. */
function behind(parts: readonly Uint8Array[], bytes: number): readonly Uint8Array[] {
  let written = bytes;
  for (const [index, part] of parts.entries()) {
    if (written < part.length) return [part.subarray(written), ...parts.slice(index + 1)];
    written -= part.length;
  }
  return [];
}

const readRange: (handle: FileHandle, offset: number, length: number) => ReturnType<SpoolSource['read']> =
  async (handle, offset, length) => {
    const bytes = new Uint8Array(length);
    let filled = 0;
    while (filled < length) {
      const { bytesRead } = await handle.read(bytes, filled, length - filled, offset + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return bytes.subarray(0, filled);
  };

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Null where the file or directory is missing. */
async function ifThere<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof Error && (error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
