import { open, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { KeyRecord } from '../records/key-record.ts';
import type { KeyStore } from '../records/ports.ts';
import {
  isMissing,
  makeDirectory,
  privateFile,
  removeFile,
  replaceFile,
  syncDirectory,
  writeAll,
} from './durable-file.ts';

const keyRecord = z.strictObject({
  recordingId: z.string(),
  kekId: z.string(),
  wrapped: z.string(),
  recipient: z.string(),
  createdAt: z.string(),
});

const safeId = /^[A-Za-z0-9-]{1,64}$/;

/**
 * Wrapped identities as fsynced files, one a recording, beside the embedded database. A destroyed key
 * leaves a tombstone, so that a journal replayed later cannot bring it back.
 */
export async function keyFileStore(directory: string): Promise<KeyStore> {
  await makeDirectory(directory);
  const pathOf = (recordingId: string, kind: 'key' | 'destroyed' | 'tmp'): string => {
    if (!safeId.test(recordingId)) throw new RangeError('not a recording id');
    return join(directory, `${recordingId}.${kind}`);
  };
  const inTurn = oneAtATime();
  return {
    put: (key) =>
      inTurn(key.recordingId, async () => {
        if (await exists(pathOf(key.recordingId, 'destroyed'))) return;
        const path = pathOf(key.recordingId, 'key');
        if (await exists(path)) return;
        await replaceFile(path, pathOf(key.recordingId, 'tmp'), Buffer.from(JSON.stringify(key)));
      }),
    async get(recordingId) {
      if (await exists(pathOf(recordingId, 'destroyed'))) return null;
      return readKey(pathOf(recordingId, 'key'));
    },
    destroy: (recordingId) =>
      inTurn(recordingId, async () => {
        // First the tombstone: from here on the key is gone for everyone, whatever happens to this process.
        await leaveTombstone(directory, pathOf(recordingId, 'destroyed'));
        for (const kind of ['key', 'tmp'] as const) await shred(pathOf(recordingId, kind));
      }),
  };
}

/** What concerns one recording happens in the order it was asked for. */
function oneAtATime(): (id: string, act: () => Promise<void>) => Promise<void> {
  const last = new Map<string, Promise<void>>();
  return (id, act) => {
    const mine = (last.get(id) ?? Promise.resolve()).catch(() => undefined).then(act);
    last.set(id, mine);
    const forget = (): void => {
      if (last.get(id) === mine) last.delete(id);
    };
    mine.then(forget, forget);
    return mine;
  };
}

async function readKey(path: string): Promise<KeyRecord | null> {
  try {
    return keyRecord.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch (error) {
    if (isMissing(error)) return null;
    throw new Error(`the key file ${path} is damaged`, { cause: error });
  }
}

async function leaveTombstone(directory: string, path: string): Promise<void> {
  const handle = await open(path, 'a', privateFile);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
  await syncDirectory(directory);
}

/** Overwrites in place before it unlinks; a copy-on-write file system may keep the old blocks for a while. */
async function shred(path: string): Promise<void> {
  let size: number;
  try {
    size = (await stat(path)).size;
  } catch (error) {
    if (isMissing(error)) return;
    throw error;
  }
  const handle = await open(path, 'r+');
  try {
    await writeAll(handle, new Uint8Array(size));
    await handle.sync();
  } finally {
    await handle.close();
  }
  await removeFile(path);
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}
