import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { KeyRecord } from '../../src/records/key-record.ts';
import { keyFileStore } from '../../src/storage/key-file-store.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'onrecord-keys-'));
});

afterEach(async () => {
  await rm(directory, { recursive: true });
});

const key = (recordingId: string, wrapped = 'c2VjcmV0LW9mLXRoaXM='): KeyRecord => ({
  recordingId,
  kekId: '0123456789abcdef',
  wrapped,
  recipient: 'age1test',
  createdAt: '2026-11-23T00:00:00.000Z',
});

/** Every byte that the store's directory holds. */
async function everything(): Promise<string> {
  const names = await readdir(directory);
  const contents = await Promise.all(names.map((name) => readFile(join(directory, name), 'latin1')));
  return contents.join('\n');
}

describe('keys as files', () => {
  it('are kept, private, and found by a later process', async () => {
    await (await keyFileStore(directory)).put(key('r1'));
    expect(await (await keyFileStore(directory)).get('r1')).toEqual(key('r1'));
    expect((await stat(join(directory, 'r1.key'))).mode & 0o777).toBe(0o600);
    expect(await (await keyFileStore(directory)).get('r2')).toBeNull();
  });

  it('stay as they were first put: storing again changes nothing', async () => {
    const store = await keyFileStore(directory);
    await Promise.all([store.put(key('r1')), store.put(key('r1', 'other')), store.put(key('r1'))]);
    expect(await store.get('r1')).toEqual(key('r1'));
  });

  it('once destroyed are gone from every byte of the store, and never come back', async () => {
    const store = await keyFileStore(directory);
    await store.put(key('r1'));
    await store.destroy('r1');
    await store.put(key('r1'));
    expect(await store.get('r1')).toBeNull();
    await (await keyFileStore(directory)).put(key('r1'));
    expect(await (await keyFileStore(directory)).get('r1')).toBeNull();
    expect(await everything()).not.toContain(key('r1').wrapped);
    await store.destroy('r1');
  });

  it('destroyed before it was stored is not stored either: a journal may be replayed later', async () => {
    const store = await keyFileStore(directory);
    const destroyed = store.destroy('r1');
    await Promise.all([destroyed, store.put(key('r1'))]);
    expect(await store.get('r1')).toBeNull();
    expect(await everything()).not.toContain(key('r1').wrapped);
  });

  it('of a crash between tombstone and removal is not given out', async () => {
    const store = await keyFileStore(directory);
    await store.put(key('r1'));
    const { writeFile } = await import('node:fs/promises');
    await writeFile(join(directory, 'r1.destroyed'), '');
    expect(await store.get('r1')).toBeNull();
    await store.destroy('r1');
    expect(await everything()).not.toContain(key('r1').wrapped);
  });

  it.each(['../r1', 'a/b', '', 'a.b', 'x'.repeat(65)])('refuse the id %j', async (id) => {
    const store = await keyFileStore(directory);
    await expect(store.get(id)).rejects.toThrow(RangeError);
    await expect(store.put(key(id))).rejects.toThrow(RangeError);
    await expect(store.destroy(id)).rejects.toThrow(RangeError);
    expect(await readdir(directory)).toEqual([]);
  });
});
