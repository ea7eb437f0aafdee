import { randomUUID } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectDatabase, type DatabaseConnection } from '../../src/persistence/connect-database.ts';
import { createKeyStore } from '../../src/persistence/key-store.ts';
import { migrate } from '../../src/persistence/migrate.ts';
import { createRecordStore } from '../../src/persistence/record-store.ts';
import type { Database } from '../../src/persistence/schema.ts';
import type { RejectedEvent } from '../../src/persistence/store-events.ts';
import { createTokenStore } from '../../src/persistence/token-store.ts';
import type { CallRecord } from '../../src/records/call-record.ts';
import type {
  CallDetail,
  CallFilter,
  KeyStore,
  Page,
  RecordStore,
  TokenStore,
} from '../../src/records/ports.ts';
import type { RecordEvent } from '../../src/records/record-event.ts';
import type { TestEngine } from '../support/postgres.ts';
import { engines } from './engines.ts';
import { aCall, aConsent, aControl, aKey, aReceipt, aRecording } from './records.ts';

describe.each(engines)('on %s', (_, start) => {
  let engine: TestEngine;
  let connection: DatabaseConnection;
  let db: Kysely<Database>;
  let records: RecordStore;
  let keys: KeyStore;
  let tokens: TokenStore;
  const rejected: RejectedEvent[] = [];

  beforeAll(async () => {
    engine = await start();
    connection = connectDatabase(engine.address);
    db = connection.db;
    expect(await migrate(db)).toMatchObject({ ok: true });
    records = createRecordStore(db, { onRejected: (event) => rejected.push(event) });
    keys = createKeyStore(db);
    tokens = createTokenStore(db);
  });

  afterAll(async () => {
    await connection.close();
    await engine.stop();
  });

  const store = (...events: RecordEvent[]): Promise<void> => records.store(events);
  const storeCall = (call: CallRecord): Promise<void> => store({ kind: 'call', call });

  async function list(
    filter: CallFilter,
    limit = 100,
    cursor: string | null = null,
  ): Promise<Page<CallDetail>> {
    const page = await records.calls(filter, { limit, cursor });
    if (page === 'bad-cursor') throw new Error(page);
    return page;
  }

  async function idsOf(filter: CallFilter): Promise<string[]> {
    return (await list(filter)).items.map(({ call }) => call.id);
  }

  describe('the record store', () => {
    it('gives back every field of every record as it was given', async () => {
      const call = aCall();
      const recording = aRecording({ callId: call.id });
      const consent = aConsent({ callId: call.id, recordingId: recording.id });
      const control = aControl({ callId: call.id, recordingId: recording.id });
      await store(
        { kind: 'call', call },
        { kind: 'recording', recording },
        { kind: 'consent', consent },
        { kind: 'control', control },
      );
      const expected = {
        call,
        recordings: [recording],
        consent: [{ ...consent, reported: null }],
        control: [control],
      };
      expect(await records.call(call.id)).toEqual(expected);
      expect(await records.recording(recording.id)).toEqual(recording);
      expect(await records.consentOf(recording.id)).toEqual([{ ...consent, reported: null }]);
    });

    it('gives evidence with the receiver report that reaches furthest, whichever came first', async () => {
      const consent = aConsent({ recordingId: randomUUID() });
      const others = aConsent({ callId: consent.callId, recordingId: consent.recordingId });
      const ids = { consentId: consent.id, callId: consent.callId };
      const [half, whole] = [
        aReceipt({ ...ids, packets: 75, lost: 0 }),
        aReceipt({ ...ids, roundTripMs: null }),
      ];
      await store(
        { kind: 'receipt', receipt: whole },
        { kind: 'consent', consent },
        { kind: 'consent', consent: others },
      );
      await store({ kind: 'receipt', receipt: half }, { kind: 'receipt', receipt: { ...whole, lost: 9 } });
      // From before reports were evidence: nobody has signed it.
      await store({ kind: 'receipt', receipt: aReceipt({ ...ids, packets: 900, digest: '' }) });
      const told = await records.consentOf(consent.recordingId!);
      expect(new Map(told.map(({ id, reported }) => [id, reported]))).toEqual(
        new Map([
          [consent.id, { packets: 150, lost: 2, roundTripMs: null, at: whole.at }],
          [others.id, null],
        ]),
      );
    });

    it('gives back what is null', async () => {
      const call = aCall({
        extension: null,
        queue: null,
        answeredAt: null,
        endedAt: null,
        outcome: null,
        reason: null,
        ruleId: null,
        legs: [],
      });
      const recording = aRecording({
        startedAt: null,
        durationMs: null,
        sizeBytes: null,
        sha256: null,
        objectKey: null,
        objectSha256: null,
        manifestSha256: null,
        consentDigest: null,
        seal: null,
        ledger: [],
        retainUntil: null,
      });
      const consent = aConsent({
        promptId: null,
        language: null,
        audioSha256: null,
        codec: null,
        packetsSent: null,
        packetsExpected: null,
        firstPacketAt: null,
        lastPacketAt: null,
        presentAtEnd: null,
        recordingId: recording.id,
      });
      await store({ kind: 'call', call }, { kind: 'recording', recording }, { kind: 'consent', consent });
      expect((await records.call(call.id))?.call).toEqual(call);
      expect(await records.recording(recording.id)).toEqual(recording);
      expect(await records.consentOf(recording.id)).toEqual([{ ...consent, reported: null }]);
    });

    it('knows nothing of what it was not given', async () => {
      expect(await records.call(randomUUID())).toBeNull();
      expect(await records.call("'; DROP TABLE calls; --\u0000")).toBeNull();
      expect(await records.recording('')).toBeNull();
      expect(await records.consentOf('nothing')).toEqual([]);
    });

    it('replaces an older version with its legs, and never a newer one', async () => {
      const call = aCall({ version: 2 });
      const [leg] = call.legs;
      await storeCall(call);
      await storeCall({ ...call, version: 1, to: 'old', legs: [] });
      expect((await records.call(call.id))?.call).toEqual(call);
      const newer = { ...call, version: 3, to: 'new', legs: [{ ...leg!, codec: 'PCMU' }] };
      await store({ kind: 'call', call: newer }, { kind: 'call', call });
      expect((await records.call(call.id))?.call).toEqual(newer);
    });

    it('stores a batch twice as if once', async () => {
      const call = aCall();
      const recording = aRecording({ callId: call.id });
      const batch: RecordEvent[] = [
        { kind: 'call', call },
        { kind: 'recording', recording },
        { kind: 'consent', consent: aConsent({ callId: call.id }) },
        { kind: 'control', control: aControl({ callId: call.id }) },
        { kind: 'key', key: aKey({ recordingId: recording.id }) },
      ];
      await store(...batch);
      const once = await records.call(call.id);
      await store(...batch, ...batch);
      expect(await records.call(call.id)).toEqual(once);
    });

    it('never brings a deleted recording back', async () => {
      const recording = aRecording({ version: 1, state: 'recording' });
      await store({ kind: 'recording', recording });
      await records.markDeleted(recording.id, '2026-11-24T00:00:00.000Z');
      await store({ kind: 'recording', recording: { ...recording, version: 9, state: 'sealed' } });
      expect((await records.recording(recording.id))?.state).toBe('deleted');
    });

    it.each(['archived', 'restricted'])('does not undo what governance made %s', async (state) => {
      const recording = aRecording({ version: 1 });
      await store({ kind: 'recording', recording });
      await db.updateTable('recordings').set({ state }).where('id', '=', recording.id).execute();
      await store({ kind: 'recording', recording: { ...recording, version: 2 } });
      expect((await records.recording(recording.id))?.state).toBe(state);
    });

    it('names recordings that are open although their call has ended', async () => {
      const ended = aCall({ endedAt: '2026-11-23T09:00:00.000Z' });
      const live = aCall({ endedAt: null });
      const late = aRecording({ callId: ended.id, state: 'expected' });
      await store(
        { kind: 'call', call: ended },
        { kind: 'call', call: live },
        { kind: 'recording', recording: late },
        { kind: 'recording', recording: aRecording({ callId: ended.id, state: 'sealed' }) },
        { kind: 'recording', recording: aRecording({ callId: live.id, state: 'recording' }) },
      );
      expect(await records.overdue('2026-11-23T09:00:01.000Z')).toEqual([late]);
      expect(await records.overdue('2026-11-23T09:00:00.000Z')).toEqual([]);
    });

    it('lists recordings by call, state and time, those without a start by when they were heard of', async () => {
      const callId = randomUUID();
      const first = aRecording({ callId, startedAt: '2020-01-01T00:00:00.000Z' });
      const second = aRecording({ callId, startedAt: '2020-01-02T00:00:00.000Z', state: 'interrupted' });
      const open = aRecording({ callId, startedAt: null, state: 'expected' });
      for (const recording of [first, second, open]) await store({ kind: 'recording', recording });
      const ids = async (filter: Parameters<RecordStore['recordings']>[0]): Promise<unknown> => {
        const page = await records.recordings({ callId, ...filter }, { limit: 10, cursor: null });
        return page === 'bad-cursor' ? page : page.items.map(({ id }) => id);
      };
      expect(await ids({})).toEqual([open.id, second.id, first.id]);
      expect(await ids({ state: 'interrupted' })).toEqual([second.id]);
      expect(await ids({ until: '2020-01-02T00:00:00.000Z' })).toEqual([first.id]);
      expect(await ids({ since: '2020-01-02T00:00:00.000Z' })).toEqual([open.id, second.id]);
      const page = await records.recordings({ callId }, { limit: 2, cursor: null });
      const cursor = page === 'bad-cursor' ? null : page.nextCursor;
      const rest = await records.recordings({ callId }, { limit: 2, cursor });
      expect(rest).toEqual({ items: [first], nextCursor: null });
    });
  });

  describe('the list of calls', () => {
    const nodeId = 'filters';
    const base = { nodeId, extension: null, queue: null };
    const a = aCall({ ...base, from: '+100', to: '+200', startedAt: '2026-01-01T00:00:00.000Z' });
    const b = aCall({
      ...base,
      from: '+200',
      to: '+300',
      startedAt: '2026-01-02T00:00:00.000Z',
      extension: '41',
    });
    const c = aCall({
      ...base,
      from: 'under_score',
      to: '100%',
      startedAt: '2026-01-03T00:00:00.000Z',
      queue: 'Help\\Desk',
      direction: 'inbound',
      outcome: 'upstream',
    });
    const window = { since: '2026-01-01T00:00:00.000Z', until: '2026-02-01T00:00:00.000Z' };

    beforeAll(async () => {
      for (const call of [a, b, c]) await storeCall(call);
      await store(
        { kind: 'recording', recording: aRecording({ callId: a.id }) },
        { kind: 'recording', recording: aRecording({ callId: b.id, state: 'none' }) },
      );
    });

    const rows: [string, CallFilter, CallRecord[]][] = [
      ['nothing: all, newest first', {}, [c, b, a]],
      ['since: from that moment on', { since: b.startedAt }, [c, b]],
      ['until: before that moment', { until: b.startedAt }, [a]],
      ['number: either party', { number: '+200' }, [b, a]],
      ['number: not a part of one', { number: '+20' }, []],
      ['extension', { extension: '41' }, [b]],
      ['queue', { queue: 'Help\\Desk' }, [c]],
      ['direction', { direction: 'inbound' }, [c]],
      ['outcome', { outcome: 'success' }, [b, a]],
      ['recorded: there is audio', { recorded: true }, [a]],
      ['recorded: there is none', { recorded: false }, [c, b]],
      ['q: a part, whatever the case', { q: 'SCORE' }, [c]],
      ['q: in any of the four texts', { q: '41' }, [b]],
      ['q: a percent sign is a percent sign', { q: '%' }, [c]],
      ['q: an underscore is an underscore', { q: '_' }, [c]],
      ['q: a backslash is a backslash', { q: '\\' }, [c]],
      ['q: a quote is a quote', { q: "'" }, []],
      ['q: U+0000 is no error', { q: '\u0000' }, []],
      ['two at once: both', { number: '+200', extension: '41' }, [b]],
    ];
    it.each(rows)('filters by %s', async (_name, filter, expected) => {
      expect(await idsOf({ ...window, ...filter })).toEqual(expected.map(({ id }) => id));
    });

    it('pages without a gap or a repetition, equal times and new arrivals included', async () => {
      const at = '2025-06-01T00:00:00.000Z';
      const calls = Array.from({ length: 25 }, () => aCall({ startedAt: at }));
      for (const call of calls) await storeCall(call);
      const seen: string[] = [];
      let cursor: string | null = null;
      const until = '2025-06-01T00:00:00.001Z';
      const since = at;
      do {
        const page: Page<CallDetail> = await list({ since, until }, 7, cursor);
        seen.push(...page.items.map(({ call }) => call.id));
        cursor = page.nextCursor;
        // One that sorts before everything already seen.
        await storeCall(aCall({ id: `zz-${randomUUID()}`, startedAt: at }));
      } while (cursor !== null && seen.length < 100);
      const known = new Set(calls.map(({ id }) => id));
      expect(seen.filter((id) => known.has(id))).toEqual([...known].sort().reverse());
      expect(new Set(seen).size).toBe(seen.length);
    });

    it.each([
      ['nothing', ''],
      ['noise', 'noise'],
      ['JSON that is no cursor', Buffer.from('{"a":1}').toString('base64url')],
      [
        "another list's",
        Buffer.from(JSON.stringify(['recordings', a.startedAt, a.id])).toString('base64url'),
      ],
      ['SQL', Buffer.from(JSON.stringify(['calls', "now'; --", a.id])).toString('base64url')],
      ['U+0000', Buffer.from(JSON.stringify(['calls', a.startedAt, '\u0000'])).toString('base64url')],
      ['a megabyte', 'A'.repeat(1_000_000)],
    ])('answers a cursor of %s with a value', async (_name, cursor) => {
      expect(await records.calls({}, { limit: 10, cursor })).toBe('bad-cursor');
    });
  });

  describe('what an outsider wrote', () => {
    it('is stored with U+FFFD for U+0000 and half surrogates, and the batch with it', async () => {
      const call = aCall({ from: 'a\u0000b', to: 'x\ud800y' });
      const recording = aRecording({ reason: '\u0000' });
      await store({ kind: 'call', call }, { kind: 'recording', recording });
      expect((await records.call(call.id))?.call).toMatchObject({ from: 'a\ufffdb', to: 'x\ufffdy' });
      expect(await records.recording(recording.id)).toMatchObject({ reason: '\ufffd' });
      expect(await idsOf({ number: 'a\u0000b' })).toEqual([call.id]);
    });

    it('may be longer than an index entry', async () => {
      // Random, so that compression does not make it fit.
      const from = Array.from({ length: 2000 }, () => randomUUID()).join('');
      const call = aCall({ from, extension: from, queue: from });
      await storeCall(call);
      expect(await idsOf({ number: from })).toEqual([call.id]);
      expect(await idsOf({ number: from.slice(0, 70) })).toEqual([]);
    });
  });

  describe('an event whose content is refused', () => {
    it.each<[string, RecordEvent, string]>([
      [
        'a time that is none',
        { kind: 'call', call: aCall({ id: 'p1', startedAt: 'yesterday-ish' }) },
        '22007',
      ],
      [
        'a null that must not be',
        { kind: 'recording', recording: aRecording({ id: 'p2', purpose: null as unknown as string }) },
        '23502',
      ],
      [
        'a number out of range',
        { kind: 'recording', recording: aRecording({ id: 'p3', sampleRate: 1e12 }) },
        '22003',
      ],
      ['no record at all', { kind: 'call', call: { id: 'p4' } as unknown as CallRecord }, '23502'],
      ['no legs', { kind: 'call', call: aCall({ id: 'p5', legs: null as never }) }, 'TypeError'],
      ['a kind of a later version', { kind: 'p6', p6: { id: 'p6' } } as unknown as RecordEvent, 'TypeError'],
    ])('does not hold up the others, and is kept: %s', async (_name, poison, reason) => {
      const before = aCall();
      const after = aCall();
      const key = aKey();
      rejected.length = 0;
      const batch: RecordEvent[] = [{ kind: 'call', call: before }, poison, { kind: 'call', call: after }];
      await store(...batch, { kind: 'key', key });
      expect(await records.call(before.id)).not.toBeNull();
      expect(await records.call(after.id)).not.toBeNull();
      expect(await keys.get(key.recordingId)).toEqual(key);
      expect(rejected).toEqual([{ kind: poison.kind, id: expect.stringMatching(/^p/) as string, reason }]);
      await store(...batch);
      const rows = await db
        .selectFrom('rejected_events')
        .selectAll()
        .where('entity_id', '=', rejected[0]!.id)
        .execute();
      expect(rows).toHaveLength(1);
      expect(JSON.parse(rows[0]!.event)).toEqual(JSON.parse(JSON.stringify(poison)));
    });
  });

  describe('evidence', () => {
    it.each([
      ['changed', sql`UPDATE consent_events SET text = 'x'`],
      ['deleted', sql`DELETE FROM consent_events`],
      ['emptied', sql`TRUNCATE control_events`],
      ['edited', sql`UPDATE consent_receipts SET lost = 0`],
    ])('cannot be %s', async (_name, statement) => {
      await store({ kind: 'consent', consent: aConsent() }, { kind: 'control', control: aControl() });
      await expect(statement.execute(db)).rejects.toThrow('append-only');
    });

    it('is written once: what comes later under the same id is ignored', async () => {
      const consent = aConsent({ recordingId: randomUUID() });
      await store({ kind: 'consent', consent }, { kind: 'consent', consent: { ...consent, text: 'other' } });
      await store({ kind: 'consent', consent: { ...consent, text: 'later' } });
      const stored = await records.consentOf(consent.recordingId!);
      expect(stored).toEqual([{ ...consent, reported: null }]);
    });
  });

  describe('a ladder', () => {
    const aLadder = (callId: string, packed = 'AAEC/w=='): RecordEvent => ({
      kind: 'ladder',
      ladder: { callId, packed },
    });

    it('is given back byte for byte, whether its call is there yet or not; null where there is none', async () => {
      const callId = randomUUID();
      await store(aLadder(callId));
      expect(await records.ladder(callId)).toEqual({ callId, packed: 'AAEC/w==' });
      expect(await records.ladder(randomUUID())).toBeNull();
    });

    it('is written once', async () => {
      const callId = randomUUID();
      await store(aLadder(callId), aLadder(callId, 'BBBB'));
      await store(aLadder(callId, 'CCCC'));
      expect(await records.ladder(callId)).toMatchObject({ packed: 'AAEC/w==' });
    });

    it('goes with its call, whoever deletes that', async () => {
      const [call, other] = [aCall(), aCall()];
      await store({ kind: 'call', call }, { kind: 'call', call: other }, aLadder(call.id), aLadder(other.id));
      await db.deleteFrom('calls').where('id', '=', call.id).execute();
      expect(await records.ladder(call.id)).toBeNull();
      expect(await records.ladder(other.id)).not.toBeNull();
    });

    it('that is too large is set aside, and the batch stored', async () => {
      const call = aCall();
      rejected.length = 0;
      await store({ kind: 'call', call }, aLadder(call.id, Buffer.alloc(1_100_000).toString('base64')));
      expect(await records.call(call.id)).not.toBeNull();
      expect(rejected).toEqual([{ kind: 'ladder', id: call.id, reason: '23514' }]);
    });
  });

  describe('the key store', () => {
    it('gives back a key, and null for one it does not have', async () => {
      const key = aKey();
      await keys.put(key);
      await keys.put(key);
      expect(await keys.get(key.recordingId)).toEqual(key);
      expect(await keys.get(randomUUID())).toBeNull();
    });

    it('keeps no copy of a destroyed key, and never stores it again', async () => {
      const key = aKey();
      await keys.put(key);
      await keys.destroy(key.recordingId);
      await keys.destroy(key.recordingId);
      await keys.put(key);
      await store({ kind: 'key', key });
      expect(await keys.get(key.recordingId)).toBeNull();
      const rows = await sql`SELECT k::text AS row FROM keys k`.execute(db);
      expect(JSON.stringify(rows.rows)).not.toContain(key.wrapped);
    });

    it('refuses a key that is destroyed before it comes', async () => {
      const key = aKey();
      await keys.destroy(key.recordingId);
      await keys.put(key);
      expect(await keys.get(key.recordingId)).toBeNull();
    });

    it('destroys also what was set aside of the key', async () => {
      const key = aKey({ createdAt: 'never' });
      await store({ kind: 'key', key });
      const count = sql<{
        n: number;
      }>`SELECT count(*) AS n FROM rejected_events WHERE event LIKE ${`%${key.wrapped}%`}`;
      expect((await count.execute(db)).rows).toEqual([{ n: 1 }]);
      await keys.destroy(key.recordingId);
      expect((await count.execute(db)).rows).toEqual([{ n: 0 }]);
    });

    it('can be another place: then the batch puts nothing into the table', async () => {
      const put: string[] = [];
      const elsewhere = createRecordStore(db, {
        keys: { ...keys, put: (key) => Promise.resolve(void put.push(key.recordingId)) },
      });
      const key = aKey();
      await elsewhere.store([{ kind: 'key', key }]);
      expect(put).toEqual([key.recordingId]);
      expect(await keys.get(key.recordingId)).toBeNull();
    });
  });

  it('answers many questions at once without mixing them', async () => {
    const numbers = Array.from({ length: 100 }, (__, i) => i);
    const answers = await Promise.all(
      numbers.map(async (n) => (await sql<{ n: number }>`SELECT ${n}::int AS n`.execute(db)).rows[0]?.n),
    );
    expect(answers).toEqual(numbers);
  });

  describe('the token store', () => {
    it('finds a token by its hash, lists all, and revokes once', async () => {
      const token = {
        id: randomUUID(),
        name: 'CRM\u0000',
        hash: 'dd'.repeat(32),
        createdAt: '2026-11-23T10:00:00.000Z',
        revokedAt: null,
      };
      await tokens.add(token);
      const stored = { ...token, name: 'CRM\ufffd' };
      expect(await tokens.byHash(token.hash)).toEqual(stored);
      expect(await tokens.byHash('ee')).toBeNull();
      expect(await tokens.list()).toEqual([stored]);
      expect(await tokens.revoke(token.id, '2026-11-24T00:00:00.000Z')).toBe(true);
      expect(await tokens.revoke(token.id, '2026-11-25T00:00:00.000Z')).toBe(false);
      expect(await tokens.revoke('nobody', '2026-11-25T00:00:00.000Z')).toBe(false);
      expect((await tokens.byHash(token.hash))?.revokedAt).toBe('2026-11-24T00:00:00.000Z');
    });
  });
});
