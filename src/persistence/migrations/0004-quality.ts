import { type Kysely, type Migration, sql } from 'kysely';

/** How well speech came over a leg, and what parties reported of prompts; the latter is evidence, written once. */
const tables = `
  ALTER TABLE legs ADD COLUMN quality jsonb;

  CREATE TABLE consent_receipts (
    id text COLLATE "C" PRIMARY KEY,
    consent_id text COLLATE "C" NOT NULL,
    call_id text COLLATE "C" NOT NULL,
    packets bigint NOT NULL,
    lost bigint NOT NULL,
    round_trip_ms double precision,
    at timestamptz(3) NOT NULL,
    stored_at timestamptz(3) NOT NULL DEFAULT now()
  );
  CREATE INDEX consent_receipts_by_consent ON consent_receipts (consent_id);
  CREATE TRIGGER consent_receipts_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON consent_receipts
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
`;

export const quality: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql.raw(tables).execute(db);
  },
};
