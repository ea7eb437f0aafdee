import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { type Kysely, sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openJournal } from '../../src/journal/journal.ts';
import { connectDatabase, type DatabaseConnection } from '../../src/persistence/connect-database.ts';
import { migrate } from '../../src/persistence/migrate.ts';
import { createRecordStore } from '../../src/persistence/record-store.ts';
import type { Database } from '../../src/persistence/schema.ts';
import type { RecordStore } from '../../src/records/ports.ts';
import type { RecordEvent } from '../../src/records/record-event.ts';
import { FakeFiles } from '../journal/fake-files.ts';
import { FakeTime } from '../journal/fake-time.ts';
import type { TestEngine } from '../support/postgres.ts';
import { engines } from './engines.ts';
import { aCall, aConsent, aControl, aKey, aRecording } from './records.ts';

/** The whole history of one call, in the order in which it happens. */
function historyOf(callId: string): RecordEvent[] {
  const recordingId = randomUUID();
  const call = aCall({ id: callId });
  const [leg, other] = call.legs;
  const recording = aRecording({ id: recordingId, callId });
  return [
    { kind: 'key', key: aKey({ recordingId }) },
    {
      kind: 'call',
      call: { ...call, version: 1, answeredAt: null, endedAt: null, outcome: null, legs: [leg!] },
    },
    { kind: 'recording', recording: { ...recording, version: 1, state: 'expected', ledger: [] } },
    { kind: 'call', call: { ...call, version: 2, endedAt: null, outcome: null, legs: [other!] } },
    { kind: 'consent', consent: aConsent({ callId, recordingId }) },
    { kind: 'recording', recording: { ...recording, version: 2, state: 'recording', ledger: [] } },
    { kind: 'control', control: aControl({ callId, recordingId }) },
    { kind: 'recording', recording: { ...recording, version: 3 } },
    { kind: 'call', call: { ...call, version: 3 } },
  ];
}

/** Every row that the history of a call can touch, but for when it was stored. */
async function rowsOf(db: Kysely<Database>, callId: string): Promise<unknown> {
  const tables = ['legs', 'recordings', 'consent_events', 'control_events'];
  const found: unknown[] = [];
  for (const [table, column] of [['calls', 'id'], ...tables.map((name) => [name, 'call_id'])]) {
    const query = sql<{ row: Record<string, unknown> }>`
      SELECT to_jsonb(t) - 'stored_at' AS row FROM ${sql.table(table!)} t
      WHERE ${sql.ref(column!)} = ${callId} ORDER BY t::text`;
    found.push((await query.execute(db)).rows.map(({ row }) => row));
  }
  const keys = sql`SELECT k.* FROM keys k JOIN recordings r ON r.id = recording_id WHERE r.call_id = ${callId}`;
  return [...found, (await keys.execute(db)).rows];
}

describe.each(engines)('replay on %s', (_, start) => {
  let engine: TestEngine;
  let connection: DatabaseConnection;
  let records: RecordStore;

  beforeAll(async () => {
    engine = await start();
    connection = connectDatabase(engine.address);
    expect(await migrate(connection.db)).toMatchObject({ ok: true });
    records = createRecordStore(connection.db);
  });

  afterAll(async () => {
    await connection.close();
    await engine.stop();
  });

  it('gives the same rows for any order, repetition and batching of the same events', async () => {
    const order = fc
      .array(fc.nat({ max: 8 }), { maxLength: 20 })
      .map((drawn) => [...drawn, ...Array.from({ length: 9 }, (__, i) => i)])
      .chain((all) => fc.shuffledSubarray(all, { minLength: all.length }));
    const batching = fc.infiniteStream(fc.integer({ min: 1, max: 8 }));
    await fc.assert(
      fc.asyncProperty(order, batching, async (indexes, sizes) => {
        const callId = randomUUID();
        const history = historyOf(callId);
        await records.store(history);
        const straight = await rowsOf(connection.db, callId);
        await clear(connection.db, callId);
        for (let at = 0; at < indexes.length; ) {
          const size = Number(sizes.next().value);
          await records.store(indexes.slice(at, at + size).map((index) => history[index]!));
          at += size;
        }
        expect(await rowsOf(connection.db, callId)).toEqual(straight);
      }),
      { numRuns: 12 },
    );
  });

  it('brings what a killed node had journalled, whichever acknowledgments were lost', async () => {
    const time = new FakeTime();
    const { clock, schedule } = time;
    let files = new FakeFiles();
    const calls = Array.from({ length: 6 }, () => randomUUID());
    const histories = calls.map(historyOf);
    for (let step = 0; step < 9; step++) {
      const opened = await openJournal({ directory: '/j', clock, schedule, files });
      if (!opened.ok) throw new Error(opened.error.message);
      const journal = opened.value;
      const appended = journal.append(histories.map((history) => history[step]!));
      await time.advance(10);
      expect(await appended).toEqual({ ok: true, value: undefined });
      const batch = await journal.pending(4 + step);
      if (!batch.ok || batch.value === null) throw new Error('nothing pending');
      await records.store(batch.value.events);
      // The acknowledgment of every other life is lost.
      if (step % 2 === 0) journal.acknowledge(batch.value.batch);
      await time.advance(1000);
      files = files.afterKill();
    }
    const last = await openJournal({ directory: '/j', clock, schedule, files });
    if (!last.ok) throw new Error(last.error.message);
    expect(last.value.unfinished()).toEqual({ calls: [], recordings: [], keys: [], listings: [] });
    for (;;) {
      const batch = await last.value.pending(10);
      if (!batch.ok) throw new Error(batch.error.message);
      if (batch.value === null) break;
      await records.store(batch.value.events);
      last.value.acknowledge(batch.value.batch);
    }
    for (const [i, callId] of calls.entries()) {
      const replayed = await rowsOf(connection.db, callId);
      await clear(connection.db, callId);
      await records.store(histories[i]!);
      expect(replayed).toEqual(await rowsOf(connection.db, callId));
    }
  });
});

/** As if nothing had been stored of this call; the triggers that forbid it are off for the moment. */
async function clear(db: Kysely<Database>, callId: string): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await sql`SET LOCAL session_replication_role = replica`.execute(trx);
    await sql`DELETE FROM keys WHERE recording_id IN (SELECT id FROM recordings WHERE call_id = ${callId})`.execute(
      trx,
    );
    await sql`DELETE FROM calls WHERE id = ${callId}`.execute(trx);
    for (const table of ['legs', 'recordings', 'consent_events', 'control_events']) {
      await sql`DELETE FROM ${sql.table(table)} WHERE call_id = ${callId}`.execute(trx);
    }
  });
}
