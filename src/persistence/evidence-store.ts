import { type Kysely, type RawBuilder, sql, type SqlBool, type Transaction } from 'kysely';
import type { EvidenceStore } from '../records/ports.ts';
import { consentOf, receiptOf } from './record-rows.ts';
import type { Database } from './schema.ts';
import { storableText } from './storable-text.ts';

export function createEvidenceStore(db: Kysely<Database>): EvidenceStore {
  return {
    chainOf: async (callId) => {
      const id = storableText(callId);
      const told = await db.selectFrom('consent_events').selectAll().where('call_id', '=', id).execute();
      const reported = await db
        .selectFrom('consent_receipts')
        .selectAll()
        .where('call_id', '=', id)
        .where('digest', '<>', '')
        .execute();
      return [...told.map(consentOf), ...reported.map(receiptOf)];
    },
    deleteExpired: (keepMs, which) =>
      db.transaction().execute(async (trx) => {
        const calls = await expiredCalls(trx, keepMs, which);
        if (calls.length > 0) await deleteEvidence(trx, calls);
        return calls.length;
      }),
  };
}

/** The chain of a call goes as a whole: what is left of a part of it would verify no more. */
async function expiredCalls(
  trx: Transaction<Database>,
  keepMs: number,
  which: Parameters<EvidenceStore['deleteExpired']>[1],
): Promise<readonly string[]> {
  const only = 'callId' in which ? sql`AND e.call_id = ${storableText(which.callId)}` : sql``;
  const limit = 'callId' in which ? 1 : which.limit;
  const { rows } = await sql<{ call_id: string }>`
    SELECT DISTINCT e.call_id FROM consent_events e LEFT JOIN recordings r ON r.id = e.recording_id
    WHERE ${hasExpired(sql.raw('e'), sql.raw('r'), keepMs)} ${only}
      AND NOT EXISTS (
        SELECT FROM consent_events other LEFT JOIN recordings its ON its.id = other.recording_id
        WHERE other.call_id = e.call_id AND NOT ${hasExpired(sql.raw('other'), sql.raw('its'), keepMs)}
      )
    LIMIT ${limit}
  `.execute(trx);
  return rows.map(({ call_id }) => call_id);
}

/** With its recording, if that was ever sealed; else after its time, counted from when it was written down. */
function hasExpired(
  evidence: RawBuilder<unknown>,
  recording: RawBuilder<unknown>,
  keepMs: number,
): RawBuilder<SqlBool> {
  return sql<SqlBool>`(CASE
    WHEN ${recording}.state NOT IN ('none', 'failed', 'deleted') THEN false
    WHEN ${recording}.state = 'deleted' AND ${recording}.seal IS NOT NULL THEN true
    ELSE coalesce(${evidence}.retain_until, ${evidence}.at + ${keepMs}::float8 * interval '1 ms') < now()
  END)`;
}

async function deleteEvidence(trx: Transaction<Database>, calls: readonly string[]): Promise<void> {
  // The tables refuse a deletion by anybody who has not said this in the same transaction.
  await sql`SELECT set_config('onrecord.retention', 'on', true)`.execute(trx);
  await trx.deleteFrom('consent_events').where('call_id', 'in', calls).execute();
  await trx.deleteFrom('consent_receipts').where('call_id', 'in', calls).execute();
}
