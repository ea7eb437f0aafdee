import { randomUUID } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectDatabase, type DatabaseConnection } from '../../src/persistence/connect-database.ts';
import { createDoNotRecordStore } from '../../src/persistence/do-not-record-store.ts';
import { migrate } from '../../src/persistence/migrate.ts';
import { createPolicyStore } from '../../src/persistence/policy-store.ts';
import { createRecordStore } from '../../src/persistence/record-store.ts';
import type { Database } from '../../src/persistence/schema.ts';
import type { DoNotRecordEntry, NumberListing } from '../../src/records/do-not-record.ts';
import type { PolicyVersion } from '../../src/records/policy-version.ts';
import type { DoNotRecordStore, PolicyStore } from '../../src/records/ports.ts';
import type { TestEngine } from '../support/postgres.ts';
import { engines } from './engines.ts';

describe.each(engines)('on %s', (_, start) => {
  let engine: TestEngine;
  let connection: DatabaseConnection;
  let db: Kysely<Database>;
  let policies: PolicyStore;
  let unrecorded: DoNotRecordStore;

  beforeAll(async () => {
    engine = await start();
    connection = connectDatabase(engine.address);
    db = connection.db;
    expect(await migrate(db)).toMatchObject({ ok: true });
    policies = createPolicyStore(db);
    unrecorded = createDoNotRecordStore(db);
  });

  afterAll(async () => {
    await connection.close();
    await engine.stop();
  });

  describe('the policy store', () => {
    const aPolicy = (more: Partial<PolicyVersion> = {}): PolicyVersion => ({
      ...{ id: randomUUID(), nodeId: 'edge-1', version: 'ab'.repeat(32), actor: 'signal' },
      ...{ at: '2026-11-27T10:00:00.000Z', changes: ['rules: a added'], document: '{"rules":[]}' },
      ...more,
    });
    const storePolicy = (policy: PolicyVersion): Promise<void> =>
      createRecordStore(db).store([{ kind: 'policy', policy }]);

    it('lists versions, newest first and page by page, without their documents', async () => {
      const [older, newer] = [aPolicy(), aPolicy({ at: '2026-11-27T11:00:00.000Z' })];
      await storePolicy(newer);
      await storePolicy(older);
      const { document, ...shown } = newer;
      expect(document).not.toBe('');
      const first = await policies.versions({ limit: 1, cursor: null });
      if (first === 'bad-cursor') throw new Error(first);
      expect(first.items).toEqual([shown]);
      const second = await policies.versions({ limit: 1, cursor: first.nextCursor });
      expect(second).toMatchObject({ items: [{ id: older.id }], nextCursor: null });
      expect(await policies.versions({ limit: 1, cursor: 'foreign' })).toBe('bad-cursor');
    });

    it('gives the document of a version, and null for one that nobody had', async () => {
      await storePolicy(aPolicy({ version: 'cd'.repeat(32), document: '{"rules":[1]}' }));
      expect(await policies.document('cd'.repeat(32))).toBe('{"rules":[1]}');
      expect(await policies.document('ef'.repeat(32))).toBeNull();
    });

    it('keeps a version as it was written first', async () => {
      const policy = aPolicy({ version: '01'.repeat(32) });
      await storePolicy(policy);
      await storePolicy({ ...policy, document: '{"rules":[2]}' });
      expect(await policies.document(policy.version)).toBe(policy.document);
      await expect(db.deleteFrom('policy_versions').execute()).rejects.toThrow(/append-only/);
    });
  });

  describe('the do-not-record store', () => {
    const entry = (hash: string, addedAt: string, keyId = 'k'): DoNotRecordEntry => ({
      ...{ hash: hash.repeat(16), keyId, note: 'by letter\u0000', addedAt, addedBy: 'token:1' },
    });
    const [first, second] = [
      entry('aa', '2026-11-27T10:00:00.000Z'),
      entry('bb', '2026-11-27T11:00:00.000Z'),
    ];

    it('adds once, lists newest first, and removes once', async () => {
      expect([
        await unrecorded.add(first),
        await unrecorded.add(second),
        await unrecorded.add(first),
      ]).toEqual([...[true, true, false]]);
      expect(await unrecorded.count()).toBe(2);
      const page = await unrecorded.list({ limit: 1, cursor: null });
      if (page === 'bad-cursor') throw new Error(page);
      expect(page.items).toEqual([{ ...second, note: 'by letter\uFFFD' }]);
      expect(await unrecorded.list({ limit: 9, cursor: page.nextCursor })).toMatchObject({
        ...{ items: [{ hash: first.hash }], nextCursor: null },
      });
      expect(await unrecorded.get(first.hash)).toMatchObject({ keyId: 'k' });
      expect([await unrecorded.remove(first.hash), await unrecorded.remove(first.hash)]).toEqual([
        true,
        false,
      ]);
      expect(await unrecorded.get(first.hash)).toBeNull();
    });

    it('lists whoever refused for good once, and not again what was taken off since', async () => {
      const listing = {
        ...{ id: randomUUID(), hash: 'dd'.repeat(16), keyId: 'k', callId: 'call-9' },
        ...{ party: 'caller' as const, at: '2026-11-28T10:00:00.000Z' },
      };
      const again = { ...listing, id: randomUUID() };
      const tell = (one: NumberListing): Promise<void> =>
        createRecordStore(db).store([{ kind: 'listing', listing: one }]);
      await tell(listing);
      await tell(listing);
      expect(await unrecorded.get(listing.hash)).toEqual({
        ...{ hash: listing.hash, keyId: 'k', note: null, addedAt: listing.at },
        addedBy: 'caller of call call-9',
      });
      await unrecorded.remove(listing.hash);
      await tell(listing);
      expect(await unrecorded.get(listing.hash)).toBeNull();
      await tell(again);
      expect(await unrecorded.get(listing.hash)).not.toBeNull();
      await unrecorded.remove(listing.hash);
      const { rows } = await sql<{
        row: string;
      }>`SELECT to_jsonb(r)::text AS row FROM do_not_record_refusals r`.execute(db);
      expect(rows).toHaveLength(2);
      expect(JSON.stringify(rows)).not.toContain(listing.hash);
      await expect(db.deleteFrom('do_not_record_refusals').execute()).rejects.toThrow(/append-only/);
    });

    it('gives the hashes of one key, and counts those of others', async () => {
      await unrecorded.add(first);
      await unrecorded.add(entry('cc', first.addedAt, 'another'));
      expect(await unrecorded.hashes('k')).toEqual({ hashes: [first.hash, second.hash], foreign: 1 });
    });
  });
});
