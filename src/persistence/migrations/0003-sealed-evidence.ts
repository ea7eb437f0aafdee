import { type Kysely, type Migration, sql } from 'kysely';

/**
 * Evidence becomes a chain a call, and a sealed recording names the end of it. What was written before has no
 * chain: an empty digest, which no verification takes for good.
 */
const tables = `
  ALTER TABLE consent_events
    ADD COLUMN moment text NOT NULL DEFAULT 'on-answer',
    ADD COLUMN consent text NOT NULL DEFAULT 'notice',
    ADD COLUMN pressed_key text,
    ADD COLUMN at timestamptz(3) NOT NULL DEFAULT 'epoch',
    ADD COLUMN rule_id text,
    ADD COLUMN prompt_version text,
    ADD COLUMN retain_until timestamptz(3),
    ADD COLUMN position integer NOT NULL DEFAULT 0,
    ADD COLUMN previous text,
    ADD COLUMN digest text NOT NULL DEFAULT '',
    ADD COLUMN mac_key_id text NOT NULL DEFAULT '',
    ADD COLUMN mac text NOT NULL DEFAULT '',
    ALTER COLUMN purpose DROP NOT NULL;
  ALTER TABLE recordings
    ADD COLUMN manifest_sha256 text,
    ADD COLUMN consent_digest text,
    ADD COLUMN seal text;
`;

export const sealedEvidence: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql.raw(tables).execute(db);
  },
};
