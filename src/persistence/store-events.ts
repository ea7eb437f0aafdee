import { createHash } from 'node:crypto';
import { type Kysely, sql, type Transaction } from 'kysely';
import type { CallRecord } from '../records/call-record.ts';
import type { PackedLadder } from '../records/ladder-record.ts';
import type { RecordEvent } from '../records/record-event.ts';
import { sqlState } from './connect-database.ts';
import {
  callRow,
  consentRow,
  controlRow,
  keyRow,
  ladderRow,
  legRow,
  receiptRow,
  policyRow,
  recordingRow,
} from './record-rows.ts';
import type { Database } from './schema.ts';
import { storeListings } from './store-listings.ts';
import { storable } from './storable-text.ts';

/** An event whose content the database refuses; it stands in `rejected_events`. */
export interface RejectedEvent {
  readonly kind: string;
  readonly id: string;
  /** An SQLSTATE, or the name of the error. */
  readonly reason: string;
}

/**
 * Stores a batch in one transaction. If something in it is refused for what it is, the others are stored
 * all the same and it is set aside; any other failure (an outage, a full disk) rejects and nothing is stored.
 */
export async function storeEvents(
  db: Kysely<Database>,
  events: readonly RecordEvent[],
): Promise<readonly RejectedEvent[]> {
  if (events.length === 0) return [];
  const clean = events.map(storable);
  try {
    await db.transaction().execute((trx) => storeBatch(trx, clean));
    return [];
  } catch (error) {
    if (!isRefusal(error)) throw error;
  }
  return db.transaction().execute((trx) => storeEach(trx, clean));
}

/** One by one behind savepoints, so that one refusal undoes one event. */
async function storeEach(
  trx: Transaction<Database>,
  events: readonly RecordEvent[],
): Promise<readonly RejectedEvent[]> {
  const rejected: RejectedEvent[] = [];
  for (const event of [...events.filter(isKey), ...events.filter((each) => !isKey(each))]) {
    await sql`SAVEPOINT event`.execute(trx);
    try {
      await storeBatch(trx, [event]);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      await sql`ROLLBACK TO SAVEPOINT event`.execute(trx);
      rejected.push(await setAside(trx, event, error));
    }
    await sql`RELEASE SAVEPOINT event`.execute(trx);
  }
  return rejected;
}

function isKey(event: RecordEvent): boolean {
  return event.kind === 'key';
}

/**
 * Whether the content is at fault and would be again: data exceptions (22), violated constraints (23),
 * exceeded limits such as the size of an index entry (54), or a shape that is no record at all.
 */
function isRefusal(error: unknown): boolean {
  const state = sqlState(error);
  if (state === null) return error instanceof TypeError || error instanceof RangeError;
  return /^(22|23|54)...$/.test(state);
}

const longestId = 200;

async function setAside(
  trx: Transaction<Database>,
  event: RecordEvent,
  error: unknown,
): Promise<RejectedEvent> {
  const reason = sqlState(error) ?? (error instanceof Error ? error.name : 'unknown');
  const kind = event.kind.slice(0, longestId);
  const id = entityId(event).slice(0, longestId);
  const text = JSON.stringify(event);
  const digest = createHash('sha256')
    .update(JSON.stringify([kind, id, text]))
    .digest('hex');
  await trx
    .insertInto('rejected_events')
    .values({ kind, entity_id: id, reason, event: text, digest })
    .onConflict((conflict) => conflict.column('digest').doNothing())
    .execute();
  return { kind, id, reason };
}

/** As well as it can be told from something that is perhaps no record. */
function entityId(event: RecordEvent): string {
  const entity: unknown = (event as unknown as Record<string, unknown>)[event.kind];
  if (typeof entity !== 'object' || entity === null) return '';
  const { id, recordingId, callId } = entity as Record<string, unknown>;
  const found = ['key', 'destroyed'].includes(event.kind)
    ? recordingId
    : event.kind === 'ladder'
      ? callId
      : id;
  return typeof found === 'string' ? found : '';
}

const knownKinds: ReadonlySet<string> = new Set<RecordEvent['kind']>([
  'call',
  'recording',
  'consent',
  'receipt',
  'control',
  'key',
  'destroyed',
  'ladder',
  'policy',
  'listing',
]);

async function storeBatch(trx: Transaction<Database>, events: readonly RecordEvent[]): Promise<void> {
  if (!events.every(({ kind }) => knownKinds.has(kind))) throw new TypeError('an event of an unknown kind');
  const of = <K extends RecordEvent['kind']>(kind: K): Extract<RecordEvent, { kind: K }>[] =>
    events.filter((event): event is Extract<RecordEvent, { kind: K }> => event.kind === kind);
  const keys = of('key').map(({ key }) => keyRow(key));
  await inChunks(
    byId(keys, (row) => row.recording_id),
    (rows) =>
      trx
        .insertInto('keys')
        .values(rows)
        .onConflict((conflict) => conflict.column('recording_id').doNothing())
        .execute(),
  );
  await inChunks(newest(of('call').map(({ call }) => call)), (calls) => storeCalls(trx, calls));
  const recordings = newest(of('recording').map(({ recording }) => recording)).map(recordingRow);
  await inChunks(recordings, (rows) => upsertRecordings(trx, rows));
  const consents = of('consent').map(({ consent }) => consentRow(consent));
  await inChunks(
    byId(consents, (row) => row.id),
    (rows) =>
      trx
        .insertInto('consent_events')
        .values(rows)
        .onConflict((conflict) => conflict.column('id').doNothing())
        .execute(),
  );
  const receipts = of('receipt').map(({ receipt }) => receiptRow(receipt));
  await inChunks(
    byId(receipts, (row) => row.id),
    (rows) =>
      trx
        .insertInto('consent_receipts')
        .values(rows)
        .onConflict((conflict) => conflict.column('id').doNothing())
        .execute(),
  );
  const controls = of('control').map(({ control }) => controlRow(control));
  await inChunks(
    byId(controls, (row) => row.id),
    (rows) =>
      trx
        .insertInto('control_events')
        .values(rows)
        .onConflict((conflict) => conflict.column('id').doNothing())
        .execute(),
  );
  const policies = of('policy').map(({ policy }) => policyRow(policy));
  await inChunks(
    byId(policies, (row) => row.id),
    (rows) =>
      trx
        .insertInto('policy_versions')
        .values(rows)
        .onConflict((conflict) => conflict.column('id').doNothing())
        .execute(),
  );
  await storeListings(
    trx,
    of('listing').map(({ listing }) => listing),
  );
  await storeLadders(
    trx,
    of('ladder').map(({ ladder }) => ladder),
  );
}

/** A call has one ladder, written once. */
async function storeLadders(trx: Transaction<Database>, ladders: readonly PackedLadder[]): Promise<void> {
  await inChunks(
    byId(ladders.map(ladderRow), (row) => row.call_id),
    (rows) =>
      trx
        .insertInto('call_ladders')
        .values(rows)
        .onConflict((conflict) => conflict.column('call_id').doNothing())
        .execute(),
  );
}

/** Well under the 65535 parameters that one statement can have. */
const rowsAStatement = 500;

async function inChunks<T>(rows: readonly T[], store: (chunk: T[]) => Promise<unknown>): Promise<void> {
  for (let i = 0; i < rows.length; i += rowsAStatement) await store(rows.slice(i, i + rowsAStatement));
}

/** The first row of each id, in the order of ids, so that two writers lock rows in the same order. */
function byId<T>(rows: readonly T[], id: (row: T) => string): T[] {
  const unique = new Map<string, T>();
  for (const row of rows) if (!unique.has(id(row))) unique.set(id(row), row);
  return [...unique.values()].sort((a, b) => (id(a) < id(b) ? -1 : 1));
}

function newest<T extends { readonly id: string; readonly version: number }>(snapshots: readonly T[]): T[] {
  const latest = new Map<string, T>();
  for (const snapshot of snapshots) {
    const known = latest.get(snapshot.id);
    if (known === undefined || known.version < snapshot.version) latest.set(snapshot.id, snapshot);
  }
  return byId([...latest.values()], ({ id }) => id);
}

async function storeCalls(trx: Transaction<Database>, calls: readonly CallRecord[]): Promise<void> {
  const stored = await trx
    .insertInto('calls')
    .values(calls.map(callRow))
    .onConflict((conflict) =>
      conflict
        .column('id')
        .doUpdateSet((eb) => ({
          version: eb.ref('excluded.version'),
          node_id: eb.ref('excluded.node_id'),
          direction: eb.ref('excluded.direction'),
          from_party: eb.ref('excluded.from_party'),
          to_party: eb.ref('excluded.to_party'),
          extension: eb.ref('excluded.extension'),
          queue: eb.ref('excluded.queue'),
          started_at: eb.ref('excluded.started_at'),
          answered_at: eb.ref('excluded.answered_at'),
          ended_at: eb.ref('excluded.ended_at'),
          outcome: eb.ref('excluded.outcome'),
          reason: eb.ref('excluded.reason'),
          rule_id: eb.ref('excluded.rule_id'),
          policy_version: eb.ref('excluded.policy_version'),
          not_recorded: eb.ref('excluded.not_recorded'),
        }))
        .whereRef('calls.version', '<', 'excluded.version'),
    )
    .returning('id')
    .execute();
  const ids = new Set(stored.map(({ id }) => id));
  if (ids.size === 0) return;
  await trx
    .deleteFrom('legs')
    .where('call_id', 'in', [...ids])
    .execute();
  const legs = calls.filter(({ id }) => ids.has(id)).flatMap((call) => legRows(call));
  if (legs.length > 0) await trx.insertInto('legs').values(legs).execute();
}

function legRows(call: CallRecord): ReturnType<typeof legRow>[] {
  return call.legs.map((leg, position) => legRow(call.id, leg, position));
}

async function upsertRecordings(
  trx: Transaction<Database>,
  rows: ReturnType<typeof recordingRow>[],
): Promise<void> {
  await trx
    .insertInto('recordings')
    .values(rows)
    .onConflict((conflict) =>
      conflict
        .column('id')
        .doUpdateSet((eb) => ({
          call_id: eb.ref('excluded.call_id'),
          version: eb.ref('excluded.version'),
          node_id: eb.ref('excluded.node_id'),
          state: eb.ref('excluded.state'),
          reason: eb.ref('excluded.reason'),
          format: eb.ref('excluded.format'),
          channels: eb.ref('excluded.channels'),
          sample_rate: eb.ref('excluded.sample_rate'),
          started_at: eb.ref('excluded.started_at'),
          duration_ms: eb.ref('excluded.duration_ms'),
          size_bytes: eb.ref('excluded.size_bytes'),
          sha256: eb.ref('excluded.sha256'),
          object_key: eb.ref('excluded.object_key'),
          object_sha256: eb.ref('excluded.object_sha256'),
          manifest_sha256: eb.ref('excluded.manifest_sha256'),
          consent_digest: eb.ref('excluded.consent_digest'),
          seal: eb.ref('excluded.seal'),
          ledger: eb.ref('excluded.ledger'),
          purpose: eb.ref('excluded.purpose'),
          purpose_text: eb.ref('excluded.purpose_text'),
          legal_basis: eb.ref('excluded.legal_basis'),
          retain_until: eb.ref('excluded.retain_until'),
          hold: eb.ref('excluded.hold'),
        }))
        .whereRef('recordings.version', '<', 'excluded.version')
        // These belong to governance: a node that is late to speak does not undo them.
        .where('recordings.state', 'not in', ['archived', 'restricted', 'deleted']),
    )
    .execute();
}
