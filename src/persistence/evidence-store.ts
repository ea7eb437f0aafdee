import type { Kysely } from 'kysely';
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
  };
}
