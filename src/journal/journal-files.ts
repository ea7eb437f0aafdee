import { constants } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';

/** One file under construction. */
export interface JournalFile {
  /** *Borrows* the bytes until it resolves. Resolves only when all of them are written. */
  write(bytes: Uint8Array, position: number): Promise<void>;
  datasync(): Promise<void>;
  truncate(length: number): Promise<void>;
  close(): Promise<void>;
}

/** The one directory that a journal lives in. Every call rejects with the system's error. */
export interface JournalFiles {
  /** Makes the directory if it is not there, readable by its owner only. */
  prepare(): Promise<void>;
  list(): Promise<readonly string[]>;
  read(name: string): Promise<Buffer>;
  /** Fails when the file exists. */
  create(name: string): Promise<JournalFile>;
  rename(from: string, to: string): Promise<void>;
  /** Also when it is gone already. */
  remove(name: string): Promise<void>;
  /** Makes creations, renames and removals durable: fsync of the directory. */
  sync(): Promise<void>;
}

export function nodeJournalFiles(directory: string): JournalFiles {
  return {
    prepare: async () => {
      await mkdir(directory, { recursive: true, mode: 0o700 });
    },
    list: () => readdir(directory),
    read: (name) => readFile(join(directory, name)),
    create: async (name) => nodeJournalFile(await open(join(directory, name), 'wx', 0o600)),
    rename: (from, to) => rename(join(directory, from), join(directory, to)),
    remove: (name) => rm(join(directory, name), { force: true }),
    sync: () => syncDirectory(directory),
  };
}

function nodeJournalFile(handle: FileHandle): JournalFile {
  return {
    write: async (bytes, position) => {
      let done = 0;
      while (done < bytes.length) {
        const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done);
        done += bytesWritten;
      }
    },
    datasync: () => handle.datasync(),
    truncate: (length) => handle.truncate(length),
    close: () => handle.close(),
  };
}

async function syncDirectory(directory: string): Promise<void> {
  // Windows cannot open a directory; there the file system orders its metadata itself.
  if (process.platform === 'win32') return;
  const handle = await open(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
