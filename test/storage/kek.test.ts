import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemRandom } from '../../src/kernel/ids.ts';
import {
  loadKekFile,
  loadOrCreateKekFile,
  parseKek,
  unwrapSecret,
  wrapSecret,
} from '../../src/storage/kek.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'onrecord-kek-'));
});

afterEach(async () => {
  await rm(directory, { recursive: true });
});

const key = Buffer.from(Array.from({ length: 32 }, (_, i) => (i * 37 + 5) % 256));

describe('a key-encryption key', () => {
  it.each([
    { form: '32 raw bytes', content: key },
    { form: 'hexadecimal', content: Buffer.from(key.toString('hex')) },
    {
      form: 'upper-case hexadecimal with a line end',
      content: Buffer.from(`${key.toString('hex').toUpperCase()}\n`),
    },
    { form: 'base64', content: Buffer.from(`${key.toString('base64')}\r\n`) },
    { form: 'base64url without padding', content: Buffer.from(key.toString('base64url')) },
  ])('is read as $form', ({ content }) => {
    const parsed = parseKek(content, 'the key');
    expect(parsed.ok && Buffer.from(parsed.value.key)).toEqual(key);
    expect(parsed.ok && parsed.value.id).toBe(createHash('sha256').update(key).digest('hex').slice(0, 16));
  });

  it.each([
    { form: 'nothing', content: '', says: 'KEK is empty' },
    {
      form: 'a pass phrase',
      content: 'correct horse battery staple',
      says: 'holds 28 bytes that are no key',
    },
    {
      form: '16 bytes as hexadecimal',
      content: key.toString('hex').slice(0, 32),
      says: 'holds 32 bytes that are no key',
    },
    { form: '24 bytes as base64', content: key.subarray(0, 24).toString('base64'), says: 'no key' },
    { form: '33 bytes as hexadecimal', content: `${key.toString('hex')}00`, says: 'no key' },
  ])('is not $form, and the sentence says what to do', ({ content, says }) => {
    const parsed = parseKek(Buffer.from(content), 'KEK');
    expect(parsed.ok).toBe(false);
    expect(!parsed.ok && parsed.error).toContain(says);
    expect(!parsed.ok && parsed.error).toContain('openssl rand -base64 32');
    if (content !== '') expect(!parsed.ok && parsed.error).not.toContain(content);
  });

  it('is made once, for its owner only, and loaded ever after', async () => {
    const path = join(directory, 'kek');
    const first = await loadOrCreateKekFile(path, systemRandom);
    const second = await loadOrCreateKekFile(path, systemRandom);
    expect(first).toMatchObject({ ok: true, value: { created: true } });
    expect(second).toMatchObject({ ok: true, value: { created: false } });
    expect(first.ok && second.ok && first.value.kek.id === second.value.kek.id).toBe(true);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await readFile(path, 'utf8')).trim()).toHaveLength(44);
  });

  it('that is there and damaged is never replaced', async () => {
    const path = join(directory, 'kek');
    await writeFile(path, 'oops');
    expect(await loadOrCreateKekFile(path, systemRandom)).toMatchObject({ ok: false });
    expect(await readFile(path, 'utf8')).toBe('oops');
  });

  it('that is missing is said to be missing', async () => {
    const loaded = await loadKekFile(join(directory, 'none'));
    expect(!loaded.ok && loaded.error).toMatch(/^there is no key file .*none; make one with/);
  });
});

describe('a wrapped secret', () => {
  const kek = { id: 'a', key };
  const secret = Buffer.from('AGE-SECRET-KEY-1TEST');

  it('opens with its KEK for its recording', () => {
    const wrapped = wrapSecret(kek, 'r1', secret, systemRandom);
    expect(wrapped.wrapped).not.toContain(secret.toString('base64').slice(0, 12));
    expect(unwrapSecret(kek, 'r1', wrapped)).toEqual(secret);
  });

  it('opens for no other recording, with no other KEK, and not when changed', () => {
    const wrapped = wrapSecret(kek, 'r1', secret, systemRandom);
    const bytes = Buffer.from(wrapped.wrapped, 'base64');
    bytes[15] = (bytes[15] ?? 0) ^ 1;
    expect(unwrapSecret(kek, 'r2', wrapped)).toBeNull();
    expect(unwrapSecret({ id: 'b', key }, 'r1', wrapped)).toBeNull();
    expect(unwrapSecret({ id: 'a', key: Buffer.alloc(32) }, 'r1', wrapped)).toBeNull();
    expect(unwrapSecret(kek, 'r1', { ...wrapped, wrapped: bytes.toString('base64') })).toBeNull();
    expect(unwrapSecret(kek, 'r1', { ...wrapped, wrapped: 'AAAA' })).toBeNull();
  });

  it('is never wrapped twice alike', () => {
    const wraps = Array.from({ length: 50 }, () => wrapSecret(kek, 'r1', secret, systemRandom).wrapped);
    expect(new Set(wraps).size).toBe(50);
  });
});
