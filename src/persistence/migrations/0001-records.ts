import { type Kysely, type Migration, sql } from 'kysely';

/**
 * PostgreSQL 15. Ids and hashes sort by their bytes (`COLLATE "C"`), times carry milliseconds as the API
 * does. No foreign keys between what nodes send: order of arrival is not promised. What an outsider
 * wrote (`from_party` and the like) is indexed by its beginning only, because an index entry has a
 * limited size and a SIP header has not.
 */
const tables = `
  CREATE TABLE calls (
    id text COLLATE "C" PRIMARY KEY,
    version bigint NOT NULL,
    node_id text NOT NULL,
    direction text NOT NULL,
    from_party text NOT NULL,
    to_party text NOT NULL,
    extension text,
    queue text,
    started_at timestamptz(3) NOT NULL,
    answered_at timestamptz(3),
    ended_at timestamptz(3),
    outcome text,
    reason text,
    rule_id text,
    stored_at timestamptz(3) NOT NULL DEFAULT now()
  );
  CREATE INDEX calls_by_start ON calls (started_at DESC, id DESC);
  CREATE INDEX calls_by_from ON calls (left(from_party, 64), started_at DESC, id DESC);
  CREATE INDEX calls_by_to ON calls (left(to_party, 64), started_at DESC, id DESC);
  CREATE INDEX calls_by_extension ON calls (left(extension, 64), started_at DESC, id DESC)
    WHERE extension IS NOT NULL;
  CREATE INDEX calls_by_queue ON calls (left(queue, 64), started_at DESC, id DESC) WHERE queue IS NOT NULL;

  CREATE TABLE legs (
    call_id text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    position integer NOT NULL,
    party text NOT NULL,
    peer_id text NOT NULL,
    sip_call_id text NOT NULL,
    codec text,
    packets_received bigint,
    packets_sent bigint,
    packets_lost bigint,
    packets_dropped bigint,
    PRIMARY KEY (call_id, id)
  );

  CREATE TABLE recordings (
    id text COLLATE "C" PRIMARY KEY,
    call_id text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    node_id text NOT NULL,
    state text NOT NULL,
    reason text,
    format text NOT NULL,
    channels text NOT NULL,
    sample_rate integer NOT NULL,
    started_at timestamptz(3),
    duration_ms double precision,
    size_bytes bigint,
    sha256 text,
    object_key text,
    object_sha256 text,
    ledger jsonb NOT NULL,
    purpose text NOT NULL,
    retain_until timestamptz(3),
    hold boolean NOT NULL,
    deleted_at timestamptz(3),
    stored_at timestamptz(3) NOT NULL DEFAULT now(),
    listed_at timestamptz(3) NOT NULL GENERATED ALWAYS AS (coalesce(started_at, stored_at)) STORED
  );
  CREATE INDEX recordings_by_call ON recordings (call_id);
  CREATE INDEX recordings_by_listing ON recordings (listed_at DESC, id DESC);
  CREATE INDEX recordings_open ON recordings (call_id) WHERE state IN ('expected', 'recording');

  CREATE TABLE consent_events (
    id text COLLATE "C" PRIMARY KEY,
    call_id text COLLATE "C" NOT NULL,
    recording_id text COLLATE "C",
    leg_id text NOT NULL,
    party text NOT NULL,
    outcome text NOT NULL,
    purpose text NOT NULL,
    text text NOT NULL,
    prompt_id text,
    language text,
    audio_sha256 text,
    codec text,
    packets_sent bigint,
    packets_expected bigint,
    first_packet_at timestamptz(3),
    last_packet_at timestamptz(3),
    present_at_end boolean,
    stored_at timestamptz(3) NOT NULL DEFAULT now()
  );
  CREATE INDEX consent_events_by_call ON consent_events (call_id);
  CREATE INDEX consent_events_by_recording ON consent_events (recording_id) WHERE recording_id IS NOT NULL;

  CREATE TABLE control_events (
    id text COLLATE "C" PRIMARY KEY,
    call_id text COLLATE "C" NOT NULL,
    recording_id text COLLATE "C" NOT NULL,
    action text NOT NULL,
    actor text NOT NULL,
    reason text,
    at timestamptz(3) NOT NULL,
    sample_position bigint NOT NULL,
    stored_at timestamptz(3) NOT NULL DEFAULT now()
  );
  CREATE INDEX control_events_by_call ON control_events (call_id);

  CREATE TABLE keys (
    recording_id text COLLATE "C" PRIMARY KEY,
    kek_id text,
    wrapped text,
    recipient text,
    created_at timestamptz(3) NOT NULL,
    destroyed_at timestamptz(3),
    CHECK (destroyed_at IS NULL
      AND kek_id IS NOT NULL AND wrapped IS NOT NULL AND recipient IS NOT NULL
      OR destroyed_at IS NOT NULL AND wrapped IS NULL)
  );

  CREATE TABLE tokens (
    id text COLLATE "C" PRIMARY KEY,
    name text NOT NULL,
    hash text COLLATE "C" NOT NULL UNIQUE,
    created_at timestamptz(3) NOT NULL,
    revoked_at timestamptz(3)
  );

  CREATE TABLE rejected_events (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL,
    entity_id text NOT NULL,
    reason text NOT NULL,
    event text NOT NULL,
    digest text COLLATE "C" NOT NULL UNIQUE,
    stored_at timestamptz(3) NOT NULL DEFAULT now()
  );
`;

/** Evidence is written once: neither a bug nor a person with the application's account changes it. */
const evidence = `
  CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
  END $$;
  CREATE TRIGGER consent_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON consent_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
  CREATE TRIGGER control_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON control_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
`;

export const records: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql.raw(tables).execute(db);
    await sql.raw(evidence).execute(db);
  },
};
