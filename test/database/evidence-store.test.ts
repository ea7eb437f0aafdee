import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectDatabase, type DatabaseConnection } from '../../src/persistence/connect-database.ts';
import { createEvidenceStore } from '../../src/persistence/evidence-store.ts';
import { migrate } from '../../src/persistence/migrate.ts';
import { createRecordStore } from '../../src/persistence/record-store.ts';
import type { ConsentRecord } from '../../src/records/consent-record.ts';
import type { EvidenceStore } from '../../src/records/ports.ts';
import type { RecordEvent } from '../../src/records/record-event.ts';
import type { RecordingRecord } from '../../src/records/recording-record.ts';
import type { TestEngine } from '../support/postgres.ts';
import { engines } from './engines.ts';
import { aConsent, aReceipt, aRecording } from './records.ts';

describe.each(engines)('the evidence store on %s', (_, start) => {
  let engine: TestEngine;
  let connection: DatabaseConnection;
  let evidence: EvidenceStore;

  beforeAll(async () => {
    engine = await start();
    connection = connectDatabase(engine.address);
    expect(await migrate(connection.db)).toMatchObject({ ok: true });
    evidence = createEvidenceStore(connection.db);
  });

  afterAll(async () => {
    await connection.close();
    await engine.stop();
  });

  const store = (...events: RecordEvent[]): Promise<void> => createRecordStore(connection.db).store(events);

  it('gives all that there is of a call as it was written, reports too', async () => {
    const consent = aConsent();
    const receipt = aReceipt({ consentId: consent.id, callId: consent.callId, roundTripMs: 20.123 });
    await store({ kind: 'receipt', receipt }, { kind: 'consent', consent });
    await store({ kind: 'consent', consent: aConsent() });
    await store({ kind: 'receipt', receipt: aReceipt({ callId: consent.callId, digest: '' }) });
    expect(await evidence.chainOf(consent.callId)).toEqual([consent, receipt]);
  });

  describe('what is no longer to be kept', () => {
    const dayMs = 86_400_000;
    const ago = (days: number): string => new Date(Date.now() - days * dayMs).toISOString();
    const keepMs = 30 * dayMs;
    /** The evidence of a call with a report, `changes` of it, and the recording that it names. */
    async function told(changes: Partial<ConsentRecord>, recording: Partial<RecordingRecord> | null) {
      const consent = aConsent({ recordingId: recording === null ? null : randomUUID(), ...changes });
      const { callId, recordingId } = consent;
      await store(
        { kind: 'consent', consent },
        { kind: 'receipt', receipt: aReceipt({ callId, consentId: consent.id }) },
      );
      if (recordingId !== null && recording !== null)
        await store({ kind: 'recording', recording: aRecording({ id: recordingId, callId, ...recording }) });
      return consent;
    }
    const left = async (callId: string): Promise<number> => (await evidence.chainOf(callId)).length;

    const [old, young] = [{ at: ago(31) }, { at: ago(29) }];
    const rows: [name: string, Partial<ConsentRecord>, Partial<RecordingRecord> | null, kept: boolean][] = [
      ['a recording that is kept, however old', { at: ago(999) }, { state: 'sealed' }, true],
      ['an archived one', { at: ago(999) }, { state: 'archived' }, true],
      ['a restricted one', { at: ago(999) }, { state: 'restricted' }, true],
      ['one that is still made', { at: ago(999) }, { state: 'recording' }, true],
      ['a deleted recording, at once', { at: ago(0) }, { state: 'deleted' }, false],
      ['a refusal, for as long as is configured', young, { state: 'none', seal: null }, true],
      ['a refusal, and no longer', old, { state: 'none', seal: null }, false],
      ['a refusal whose record was deleted, as long', young, { state: 'deleted', seal: null }, true],
      ['a recording that failed', old, { state: 'failed', seal: null }, false],
      [
        'a call that was not to be recorded, until its time',
        { retainUntil: ago(-1), at: ago(99) },
        null,
        true,
      ],
      ['a call that was not to be recorded, after it', { retainUntil: ago(1), at: ago(2) }, null, false],
      ['a recording that nobody has heard of', { ...old, recordingId: 'lost' }, null, false],
    ];
    it.each(rows)('%s', async (_name, changes, recording, kept) => {
      const { callId } = await told(changes, recording);
      expect(await evidence.deleteExpired(keepMs, { callId })).toBe(kept ? 0 : 1);
      expect(await left(callId)).toBe(kept ? 2 : 0);
    });

    it('goes with its whole call or not at all', async () => {
      const gone = await told({ at: ago(2) }, { state: 'deleted' });
      await told({ callId: gone.callId }, { state: 'sealed' });
      expect(await evidence.deleteExpired(keepMs, { callId: gone.callId })).toBe(0);
      expect(await left(gone.callId)).toBe(4);
    });

    it('goes a batch at a time', async () => {
      await evidence.deleteExpired(keepMs, { limit: 1000 });
      for (let n = 0; n < 3; n++) await told(old, null);
      expect(await evidence.deleteExpired(keepMs, { limit: 2 })).toBe(2);
      expect(await evidence.deleteExpired(keepMs, { limit: 2 })).toBe(1);
    });

    it.each([
      ['consent_events', 'append-only'],
      ['consent_receipts', 'append-only'],
    ])('of %s nothing goes by a plain statement', async (table, refusal) => {
      await told(old, null);
      for (const statement of [
        sql`DELETE FROM ${sql.table(table)}`,
        sql`UPDATE ${sql.table(table)} SET at = now()`,
      ])
        await expect(statement.execute(connection.db)).rejects.toThrow(refusal);
      await evidence.deleteExpired(keepMs, { limit: 1000 });
      await expect(sql`DELETE FROM ${sql.table(table)}`.execute(connection.db)).rejects.toThrow(refusal);
    });

    it.each([
      ['evidence of a recording', { at: ago(99) }, { state: 'sealed' }, 'consent_events', /still to be kept/],
      ['evidence with time left', { retainUntil: ago(-1) }, null, 'consent_events', /still to be kept/],
      ['a report on evidence that is there', old, null, 'consent_receipts', /is there/],
      ['evidence, changed', old, null, null, /append-only/],
    ] as const)(
      'not even the way of retention deletes early: %s',
      async (_name, changes, recording, table, refusal) => {
        const { callId } = await told(changes, recording);
        const statement =
          table === null
            ? sql`UPDATE consent_events SET text = '' WHERE call_id = ${callId}`
            : sql`DELETE FROM ${sql.table(table)} WHERE call_id = ${callId}`;
        const early = connection.db.transaction().execute(async (trx) => {
          await sql`SELECT set_config('onrecord.retention', 'on', true)`.execute(trx);
          await statement.execute(trx);
        });
        await expect(early).rejects.toThrow(refusal);
        expect(await left(callId)).toBe(2);
      },
    );
  });
});
