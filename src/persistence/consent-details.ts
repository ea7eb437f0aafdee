import type { Kysely, Selectable } from 'kysely';
import type { ConsentDetail } from '../records/ports.ts';
import { consentOf, receiptOf } from './record-rows.ts';
import type { ConsentEventsTable, Database } from './schema.ts';

type ConsentRow = Selectable<ConsentEventsTable>;

/** Evidence with the receiver report that reaches furthest, in the order of the rows. */
export async function consentDetails(
  db: Kysely<Database>,
  rows: readonly ConsentRow[],
): Promise<ConsentDetail[]> {
  if (rows.length === 0) return [];
  const receipts = await db
    .selectFrom('consent_receipts')
    .selectAll()
    .where(
      'consent_id',
      'in',
      rows.map(({ id }) => id),
    )
    .where('digest', '<>', '')
    .orderBy('packets')
    .orderBy('at', 'desc')
    .execute();
  const furthest = new Map(receipts.map((row) => [row.consent_id, receiptOf(row)]));
  return rows.map((row) => {
    const receipt = furthest.get(row.id);
    if (receipt === undefined) return { ...consentOf(row), reported: null };
    const { packets, lost, roundTripMs, at } = receipt;
    return { ...consentOf(row), reported: { packets, lost, roundTripMs, at } };
  });
}
