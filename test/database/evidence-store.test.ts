import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectDatabase, type DatabaseConnection } from '../../src/persistence/connect-database.ts';
import { createEvidenceStore } from '../../src/persistence/evidence-store.ts';
import { migrate } from '../../src/persistence/migrate.ts';
import { createRecordStore } from '../../src/persistence/record-store.ts';
import type { EvidenceStore } from '../../src/records/ports.ts';
import type { RecordEvent } from '../../src/records/record-event.ts';
import type { TestEngine } from '../support/postgres.ts';
import { engines } from './engines.ts';
import { aConsent, aReceipt } from './records.ts';

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
});
