import { type Kysely, type Migration, sql } from 'kysely';

/**
 * Which parties have had their number listed, by which call; written once, and without the number. Its id makes a
 * journal that comes twice list nobody again who was taken off meanwhile.
 */
const tables = `
  CREATE TABLE do_not_record_refusals (
    id text COLLATE "C" PRIMARY KEY,
    call_id text COLLATE "C" NOT NULL,
    party text NOT NULL,
    at timestamptz(3) NOT NULL,
    stored_at timestamptz(3) NOT NULL DEFAULT now()
  );
  CREATE TRIGGER do_not_record_refusals_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON do_not_record_refusals
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
`;

export const refusals: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql.raw(tables).execute(db);
  },
};
