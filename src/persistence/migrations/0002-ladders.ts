import { type Kysely, type Migration, sql } from 'kysely';

/**
 * No foreign key, since order of arrival is not promised; a trigger instead, so that whatever deletes a call
 * takes what its parties said by SIP with it. Already deflated, so PostgreSQL need not try.
 */
const tables = `
  CREATE TABLE call_ladders (
    call_id text COLLATE "C" PRIMARY KEY,
    packed bytea NOT NULL CHECK (octet_length(packed) <= 1048576),
    stored_at timestamptz(3) NOT NULL DEFAULT now()
  );
  ALTER TABLE call_ladders ALTER COLUMN packed SET STORAGE EXTERNAL;
  CREATE FUNCTION delete_ladder() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    DELETE FROM call_ladders WHERE call_id = OLD.id;
    RETURN NULL;
  END $$;
  CREATE TRIGGER calls_delete_ladder AFTER DELETE ON calls FOR EACH ROW EXECUTE FUNCTION delete_ladder();
`;

export const ladders: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql.raw(tables).execute(db);
  },
};
