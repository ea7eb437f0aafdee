import { type Kysely, type Migration, sql } from 'kysely';

/**
 * Evidence may be deleted once it is no longer to be kept, by the retention path alone, which says so for its own
 * transaction. Also then nothing goes that a recording stands on, that has time left, or that a report belongs to.
 */
const triggers = `
  CREATE FUNCTION refuse_all_but_retention() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    IF TG_OP = 'DELETE' AND current_setting('onrecord.retention', true) = 'on' THEN
      RETURN NULL;
    END IF;
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
  END $$;
  CREATE FUNCTION refuse_early_deletion() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    IF OLD.retain_until >= now() OR EXISTS (
      SELECT FROM recordings
      WHERE id = OLD.recording_id AND state NOT IN ('none', 'failed', 'deleted')
    ) THEN
      RAISE EXCEPTION 'evidence % is still to be kept', OLD.id USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN OLD;
  END $$;
  CREATE FUNCTION refuse_orphaning() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    IF EXISTS (SELECT FROM consent_events WHERE id = OLD.consent_id) THEN
      RAISE EXCEPTION 'the evidence of report % is there', OLD.id USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN OLD;
  END $$;

  DROP TRIGGER consent_events_append_only ON consent_events;
  DROP TRIGGER consent_receipts_append_only ON consent_receipts;
  CREATE TRIGGER consent_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON consent_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_all_but_retention();
  CREATE TRIGGER consent_receipts_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON consent_receipts
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_all_but_retention();
  CREATE TRIGGER consent_events_kept BEFORE DELETE ON consent_events
    FOR EACH ROW EXECUTE FUNCTION refuse_early_deletion();
  CREATE TRIGGER consent_receipts_kept BEFORE DELETE ON consent_receipts
    FOR EACH ROW EXECUTE FUNCTION refuse_orphaning();
`;

export const evidenceRetention: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql.raw(triggers).execute(db);
  },
};
