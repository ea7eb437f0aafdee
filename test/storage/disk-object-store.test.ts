import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { diskObjectStore, removeUnfinishedObjects } from '../../src/storage/disk-object-store.ts';
import type { ObjectStore } from '../../src/storage/object-store.ts';

let root: string;
let store: ObjectStore;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'onrecord-objects-'));
  store = diskObjectStore(join(root, 'objects'));
});

afterEach(async () => {
  await rm(root, { recursive: true });
});

async function keys(prefix: string): Promise<string[]> {
  const found: string[] = [];
  for await (const key of store.list(prefix)) found.push(key);
  return found;
}

describe('objects on a disk', () => {
  it('appear whole at commit and not before', async () => {
    const writer = await store.create('2026/11/23/a.wav.age');
    await writer.write(Buffer.from('one'));
    expect(await store.size('2026/11/23/a.wav.age')).toBeNull();
    expect(await keys('')).toEqual([]);
    await writer.write(Buffer.from('two'));
    await writer.commit();
    expect(await store.size('2026/11/23/a.wav.age')).toBe(6);
    expect(Buffer.from(await store.read('2026/11/23/a.wav.age', 2, 3)).toString()).toBe('etw');
    expect(Buffer.from(await store.read('2026/11/23/a.wav.age', 4, 100)).toString()).toBe('wo');
    expect((await stat(join(root, 'objects/2026/11/23/a.wav.age'))).mode & 0o777).toBe(0o600);
  });

  it('that are aborted leave nothing', async () => {
    const writer = await store.create('2026/x');
    await writer.write(Buffer.from('one'));
    await writer.abort();
    expect(await readdir(join(root, 'objects/2026'))).toEqual([]);
  });

  it('of a crash are written anew under the same key, or swept away', async () => {
    await mkdir(join(root, 'objects/2026'), { recursive: true });
    await writeFile(join(root, 'objects/2026/.unfinished-x'), 'a longer half');
    await writeFile(join(root, 'objects/2026/.unfinished-y'), 'half');
    const again = await store.create('2026/x');
    await again.write(Buffer.from('w'));
    await again.commit();
    expect(await removeUnfinishedObjects(join(root, 'objects'))).toBe(1);
    expect(await readdir(join(root, 'objects/2026'))).toEqual(['x']);
    expect(await store.size('2026/x')).toBe(1);
  });

  it('are put at once, replaced, listed by prefix in order, and deleted', async () => {
    await store.put('2026/11/b.json', Buffer.from('{}'));
    await store.put('2026/11/b.json', Buffer.from('{"a":1}'));
    await store.put('2026/11/a.json', Buffer.from('{}'));
    await store.put('2026/12/c.json', Buffer.from('{}'));
    expect(await keys('2026/11/')).toEqual(['2026/11/a.json', '2026/11/b.json']);
    expect(await keys('2026/1')).toEqual(['2026/11/a.json', '2026/11/b.json', '2026/12/c.json']);
    expect(await store.size('2026/11/b.json')).toBe(7);
    expect(await store.delete('2026/11/b.json')).toBe(true);
    expect(await store.delete('2026/11/b.json')).toBe(false);
    expect(await keys('none/')).toEqual([]);
  });

  it.each([
    '',
    '/etc/passwd',
    '../secret',
    '2026/../../secret',
    '2026//a',
    '.hidden',
    '2026/.unfinished-a',
    'a\\b',
    'a\0b',
    'a/',
    'a b',
    'é',
    'x'.repeat(300),
  ])('never leave their root: %j', async (key) => {
    await writeFile(join(root, 'secret'), 'x');
    await expect(store.read(key, 0, 1)).rejects.toThrow(RangeError);
    await expect(store.put(key, Buffer.alloc(1))).rejects.toThrow(RangeError);
    await expect(store.create(key)).rejects.toThrow(RangeError);
    await expect(store.delete(key)).rejects.toThrow(RangeError);
    await expect(store.size(key)).rejects.toThrow(RangeError);
  });
});
