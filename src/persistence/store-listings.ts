import type { Transaction } from 'kysely';
import { mostNotRecorded, type NumberListing } from '../records/do-not-record.ts';
import type { Database } from './schema.ts';

/** Lists the numbers of parties that refused for good, each once for each time that its party said so. */
export async function storeListings(
  trx: Transaction<Database>,
  listings: readonly NumberListing[],
): Promise<void> {
  for (const { id, hash, keyId, callId, party, at } of listings) {
    const { numInsertedOrUpdatedRows } = await trx
      .insertInto('do_not_record_refusals')
      .values({ id, call_id: callId, party, at })
      .onConflict((conflict) => conflict.column('id').doNothing())
      .executeTakeFirst();
    if (numInsertedOrUpdatedRows !== 1n) continue;
    if (await isFull(trx)) throw new RangeError('the do-not-record list is full');
    await trx
      .insertInto('do_not_record')
      .values({ hash, key_id: keyId, note: null, added_at: at, added_by: `${party} of call ${callId}` })
      .onConflict((conflict) => conflict.column('hash').doNothing())
      .execute();
  }
}

/** Nodes take no longer list; what comes on top is set aside for a person. */
async function isFull(trx: Transaction<Database>): Promise<boolean> {
  const { count } = await trx
    .selectFrom('do_not_record')
    .select(({ fn }) => fn.countAll().as('count'))
    .executeTakeFirstOrThrow();
  return Number(count) >= mostNotRecorded;
}
