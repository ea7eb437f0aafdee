import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Decrypter, Encrypter } from 'age-encryption';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { chacha20Poly1305 } from '../../src/kernel/aead.ts';
import { systemRandom } from '../../src/kernel/ids.ts';
import { AgeReader } from '../../src/storage/age-reader.ts';
import { AgeWriter } from '../../src/storage/age-writer.ts';
import { diskObjectStore } from '../../src/storage/disk-object-store.ts';
import type { ObjectStore } from '../../src/storage/object-store.ts';
import { createRecordingIdentity } from '../../src/storage/recording-identity.ts';
import { manifestKey, recordingVault, type RecordingVault } from '../../src/storage/recording-vault.ts';

const chunk = 64 * 1024;
const objectKey = '2026/11/23/r.wav.age';

let root: string;
let store: ObjectStore;
let vault: RecordingVault;
let identity: string;
let recipient: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'onrecord-age-'));
  store = diskObjectStore(root);
  vault = recordingVault({ store, aead: chacha20Poly1305, random: systemRandom });
  ({ identity, recipient } = await createRecordingIdentity());
});

afterEach(async () => {
  await rm(root, { recursive: true });
});

const plaintext = (length: number): Buffer =>
  Buffer.from(Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8)) & 0xff));

async function write(content: Buffer, portion: number): Promise<string> {
  const writer = await vault.create(objectKey, recipient);
  for (let at = 0; at < content.length; at += portion) await writer.write(content.subarray(at, at + portion));
  return writer.finish();
}

async function openReader(): Promise<AgeReader> {
  const opened = await AgeReader.open({ store, objectKey, aead: chacha20Poly1305 }, identity);
  if (!opened.ok) throw new Error(opened.error);
  return opened.value;
}

const sizes = [0, 1, chunk - 1, chunk, chunk + 1, 2 * chunk, 3 * chunk + 77];

describe('an age file', () => {
  it.each(sizes)('of %i bytes opens with the public age library', async (size) => {
    await write(plaintext(size), 10_007);
    const decrypter = new Decrypter();
    decrypter.addIdentity(identity);
    expect(Buffer.from(await decrypter.decrypt(await readFile(join(root, objectKey))))).toEqual(
      plaintext(size),
    );
  });

  it.each(sizes)('of %i bytes that the public library wrote is read in any range', async (size) => {
    const encrypter = new Encrypter();
    encrypter.addRecipient(recipient);
    const content = plaintext(size);
    await store.put(objectKey, await encrypter.encrypt(content));
    const reader = await openReader();
    expect(reader.size).toBe(size);
    for (const [from, length] of [
      [0, size],
      [0, 10],
      [chunk - 5, 10],
      [chunk, chunk],
      [Math.max(0, size - 3), 100],
      [size, 10],
      [size + 1000, 10],
    ] as const)
      expect(Buffer.from(await reader.read(from, length))).toEqual(content.subarray(from, from + length));
  });

  it('opens for no other identity', async () => {
    await write(plaintext(100), 100);
    const other = await createRecordingIdentity();
    const opened = await AgeReader.open({ store, objectKey, aead: chacha20Poly1305 }, other.identity);
    expect(opened).toEqual({ ok: false, error: 'wrong-identity' });
  });

  it.each([
    {
      fault: 'cut at a chunk',
      change: async (path: string) => truncate(path, (await readFile(path)).length - 16 - 77),
    },
    {
      fault: 'cut in a chunk',
      change: async (path: string) => truncate(path, (await readFile(path)).length - 9),
    },
    { fault: 'the last byte changed', change: (path: string) => flip(path, -1) },
  ])('that was damaged ($fault) is refused when it is opened', async ({ change }) => {
    await write(plaintext(2 * chunk + 77), chunk);
    await change(join(root, objectKey));
    const opened = await AgeReader.open({ store, objectKey, aead: chacha20Poly1305 }, identity);
    expect(opened).toEqual({ ok: false, error: 'corrupt' });
  });

  it('that was damaged in the middle says so when that part is read', async () => {
    await write(plaintext(3 * chunk), chunk);
    await flip(join(root, objectKey), chunk + 5000);
    const reader = await openReader();
    await expect(reader.read(chunk + 10, 10)).rejects.toThrow('does not hold what was sealed');
    expect(await reader.read(10, 10)).toHaveLength(10);
  });

  it.each([
    { content: '', error: 'not-age' },
    { content: 'age-encryption.org/v1\n', error: 'not-age' },
    { content: 'age-encryption.org/v1\n-> X25519 AAAA\nAAAA\n--- AAAA\n', error: 'wrong-identity' },
    { content: 'RIFF1234WAVE', error: 'not-age' },
  ])('is not $content', async ({ content, error }) => {
    await store.put(objectKey, Buffer.from(content));
    expect(await AgeReader.open({ store, objectKey, aead: chacha20Poly1305 }, identity)).toEqual({
      ok: false,
      error,
    });
  });

  it('that is missing is said to be missing', async () => {
    expect(await AgeReader.open({ store, objectKey, aead: chacha20Poly1305 }, identity)).toEqual({
      ok: false,
      error: 'missing',
    });
  });
});

describe('the vault', () => {
  it('keeps a manifest beside the object, and speaks of it only while the object is there', async () => {
    expect(manifestKey(objectKey)).toBe('2026/11/23/r.json');
    await vault.putManifest(objectKey, { recordingId: 'r' });
    expect(await vault.manifest(objectKey)).toBeNull();
    await write(plaintext(5), 5);
    expect(await vault.manifest(objectKey)).toMatchObject({ content: { recordingId: 'r' } });
    await writeFile(join(root, '2026/11/23/r.json'), '{ torn');
    expect(await vault.manifest(objectKey)).toMatchObject({ content: null });
    expect(await vault.delete(objectKey)).toBe(true);
    expect(await vault.delete(objectKey)).toBe(false);
    expect(await store.size('2026/11/23/r.json')).toBeNull();
  });

  it('draws a new file key each time', async () => {
    await write(plaintext(100), 100);
    const first = await readFile(join(root, objectKey));
    await write(plaintext(100), 100);
    const second = await readFile(join(root, objectKey));
    expect(first.subarray(-100)).not.toEqual(second.subarray(-100));
  });
});

async function flip(path: string, at: number): Promise<void> {
  const bytes = await readFile(path);
  const index = at < 0 ? bytes.length + at : at;
  bytes[index] = (bytes[index] ?? 0) ^ 1;
  await writeFile(path, bytes);
}

it('a file whose head finds no room leaves nothing open, and nothing behind', async () => {
  const { recipient } = await createRecordingIdentity();
  let aborted = 0;
  const object = {
    write: () => Promise.reject(new Error('ENOSPC')),
    commit: () => Promise.resolve(),
    abort: () => Promise.resolve(void (aborted += 1)),
  };
  const started = AgeWriter.start(object, recipient, { aead: chacha20Poly1305, random: systemRandom });
  await expect(started).rejects.toThrow('ENOSPC');
  expect(aborted).toBe(1);
});
