import { type Kysely, type Migration, sql } from 'kysely';

/**
 * What nodes decided by, written once; by which of it a call was decided; and the numbers that are never recorded,
 * as keyed hashes.
 */
const tables = `
  CREATE TABLE policy_versions (
    id text COLLATE "C" PRIMARY KEY,
    node_id text NOT NULL,
    version text COLLATE "C" NOT NULL,
    at timestamptz(3) NOT NULL,
    actor text NOT NULL,
    changes jsonb NOT NULL,
    document text NOT NULL,
    stored_at timestamptz(3) NOT NULL DEFAULT now()
  );
  CREATE INDEX policy_versions_by_time ON policy_versions (at DESC, id DESC);
  CREATE INDEX policy_versions_by_version ON policy_versions (version);
  CREATE TRIGGER policy_versions_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON policy_versions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

  ALTER TABLE calls ADD COLUMN policy_version text, ADD COLUMN not_recorded text;
  ALTER TABLE recordings ADD COLUMN purpose_text text, ADD COLUMN legal_basis text;

  CREATE TABLE do_not_record (
    hash text COLLATE "C" PRIMARY KEY,
    key_id text COLLATE "C" NOT NULL,
    note text,
    added_at timestamptz(3) NOT NULL,
    added_by text NOT NULL
  );
  CREATE INDEX do_not_record_by_time ON do_not_record (added_at DESC, hash DESC);
`;

export const policy: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql.raw(tables).execute(db);
  },
};
