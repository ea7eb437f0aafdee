import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createAuthenticator } from '../../src/access/authenticator.ts';
import { bearerOf } from '../../src/access/bearer-token.ts';
import { createTokens } from '../../src/access/tokens.ts';
import type { Clock, MonotonicMs, WallMs } from '../../src/kernel/clock.ts';
import { systemRandom } from '../../src/kernel/ids.ts';
import type { TokenRecord, TokenStore } from '../../src/records/ports.ts';

class Store implements TokenStore {
  all: TokenRecord[] = [];
  looks = 0;
  down = false;
  add(token: TokenRecord) {
    this.all.push(token);
    return Promise.resolve();
  }
  byHash(hash: string) {
    this.looks += 1;
    if (this.down) return Promise.reject(new Error('down'));
    return Promise.resolve(this.all.find((token) => token.hash === hash) ?? null);
  }
  list() {
    return Promise.resolve(this.all);
  }
  revoke(id: string, at: string) {
    const before = this.all.find((token) => token.id === id && token.revokedAt === null);
    this.all = this.all.map((token) => (token === before ? { ...token, revokedAt: at } : token));
    return Promise.resolve(before !== undefined);
  }
}

class FakeClock implements Clock {
  now = 0;
  monotonic = () => this.now as MonotonicMs;
  wall = () => (Date.UTC(2026, 10, 23) + this.now) as WallMs;
}

function setUp() {
  const store = new Store();
  const clock = new FakeClock();
  const tokens = createTokens({ store, clock, random: systemRandom });
  return { store, clock, tokens, authenticate: createAuthenticator(store, clock) };
}

describe('a token', () => {
  it('has 256 random bits and is kept as its SHA-256 alone', async () => {
    const { store, tokens } = setUp();
    const { token, record } = await tokens.create('ci');
    const random = Buffer.from(token.replace(/^onr_/, ''), 'base64url');
    expect(random.length).toBe(32);
    expect(record.hash).toBe(createHash('sha256').update(token).digest('hex'));
    expect(JSON.stringify(store.all)).not.toContain(token);
    expect((await tokens.create('ci')).token).not.toBe(token);
  });

  it('lets its bearer in by name, and only whole', async () => {
    const { tokens, authenticate } = setUp();
    const { token, record } = await tokens.create('ci');
    expect(await authenticate(`Bearer ${token}`)).toEqual({
      ok: true,
      value: { kind: 'token', id: record.id, name: 'ci', actor: `token:${record.id}` },
    });
    for (const wrong of [token.slice(0, -1), `${token}x`, token.toUpperCase(), record.hash]) {
      expect(await authenticate(`Bearer ${wrong}`)).toEqual({ ok: false, error: 'invalid' });
    }
  });

  it('is refused at the latest a second after it was revoked, also by another process', async () => {
    const { store, clock, tokens, authenticate } = setUp();
    const { token, record } = await tokens.create('ci');
    await authenticate(`Bearer ${token}`);
    await store.revoke(record.id, '2026-11-23T00:00:00.000Z');
    clock.now = 999;
    expect((await authenticate(`Bearer ${token}`)).ok).toBe(true);
    clock.now = 1000;
    expect(await authenticate(`Bearer ${token}`)).toEqual({ ok: false, error: 'invalid' });
  });

  it('that was revoked once cannot be revoked again', async () => {
    const { tokens } = setUp();
    const { record } = await tokens.create('ci');
    expect(await tokens.revoke(record.id)).toBe(true);
    expect(await tokens.revoke(record.id)).toBe(false);
    expect(await tokens.revoke('nobody')).toBe(false);
    expect((await tokens.list())[0]?.revokedAt).toBe('2026-11-23T00:00:00.000Z');
  });

  it('is looked up once a second, however often it comes', async () => {
    const { store, clock, tokens, authenticate } = setUp();
    const { token } = await tokens.create('ci');
    for (let i = 0; i < 100; i++) {
      clock.now = i * 10;
      await authenticate(`Bearer ${token}`);
    }
    expect(store.looks).toBe(1);
  });

  it('a store that is away is a fault of its own, and lets nobody in', async () => {
    const { store, tokens, authenticate } = setUp();
    const { token } = await tokens.create('ci');
    store.down = true;
    expect(await authenticate(`Bearer ${token}`)).toEqual({ ok: false, error: 'unavailable' });
  });

  it('the memory of the authenticator is bounded', async () => {
    const { tokens, authenticate } = setUp();
    const made = await Promise.all(Array.from({ length: 1100 }, () => tokens.create('t')));
    for (const { token } of made) expect((await authenticate(`Bearer ${token}`)).ok).toBe(true);
  });
});

describe('the Authorization header', () => {
  it.each([
    ['the scheme’s name is case-insensitive (RFC 9110 §11.1)', 'bEARER abc', 'abc'],
    ['all of b64token (RFC 6750 §2.1)', 'Bearer aZ0-._~+/==', 'aZ0-._~+/=='],
    ['another scheme', 'Basic abc', null],
    ['no token', 'Bearer ', null],
    ['two tokens', 'Bearer a b', null],
    ['a character that is not of b64token', 'Bearer a"b', null],
    ['longer than any token', `Bearer ${'a'.repeat(513)}`, null],
    ['nothing', '', null],
    ['none', undefined, null],
  ])('%s', (_rule, header, token) => {
    expect(bearerOf(header)).toBe(token);
  });
});

describe('the first token', () => {
  it('is made where none is given, and lets in', async () => {
    const { tokens, authenticate } = setUp();
    const made = await tokens.createAdminToken(null);
    if (!made.ok || made.value.kind !== 'made') throw new Error('not made');
    expect((await authenticate(`Bearer ${made.value.token}`)).ok).toBe(true);
  });

  it('is the given one, hashed like every other', async () => {
    const { store, tokens, authenticate } = setUp();
    expect(await tokens.createAdminToken('a-given-token-of-some-length')).toEqual({
      ok: true,
      value: { kind: 'given' },
    });
    expect((await authenticate('Bearer a-given-token-of-some-length')).ok).toBe(true);
    expect(JSON.stringify(store.all)).not.toContain('a-given-token');
  });

  it('is made at the first start only, even after all were revoked', async () => {
    const { store, tokens } = setUp();
    await tokens.createAdminToken('first-token');
    expect(await tokens.createAdminToken('first-token')).toMatchObject({
      value: { kind: 'exists', givenIsValid: true },
    });
    expect(await tokens.createAdminToken('other-token')).toMatchObject({
      value: { kind: 'exists', givenIsValid: false },
    });
    expect(await tokens.createAdminToken(null)).toMatchObject({
      value: { kind: 'exists', givenIsValid: true },
    });
    await store.revoke(store.all[0]!.id, 'now');
    expect(await tokens.createAdminToken('first-token')).toMatchObject({ value: { givenIsValid: false } });
    expect(store.all).toHaveLength(1);
  });

  it.each([
    ['too short to be none’s guess', 'short'],
    ['with a space, which no header could carry', 'two words here'],
    ['with a line break', 'abcdefgh\n'],
  ])('%s: refused in one sentence that does not repeat it', async (_rule, given) => {
    const { store, tokens } = setUp();
    const made = await tokens.createAdminToken(given);
    expect(made.ok ? '' : made.error).toContain('ONRECORD_ADMIN_TOKEN');
    expect(made.ok ? '' : made.error).not.toContain(given);
    expect(store.all).toEqual([]);
  });
});
