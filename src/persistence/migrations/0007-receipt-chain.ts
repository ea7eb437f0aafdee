import { type Kysely, type Migration, sql } from 'kysely';

/** Receiver reports become links of their call's chain. One from before has no digest and counts as no evidence. */
const tables = `
  ALTER TABLE consent_receipts
    ADD COLUMN position integer NOT NULL DEFAULT 0,
    ADD COLUMN previous text,
    ADD COLUMN digest text NOT NULL DEFAULT '',
    ADD COLUMN mac_key_id text NOT NULL DEFAULT '',
    ADD COLUMN mac text NOT NULL DEFAULT '';
  CREATE INDEX consent_receipts_by_call ON consent_receipts (call_id);
`;

export const receiptChain: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql.raw(tables).execute(db);
  },
};
