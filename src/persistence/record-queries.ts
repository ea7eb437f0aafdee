import { type ExpressionBuilder, type Kysely, sql, type SqlBool, type Expression } from 'kysely';
import type { LegRecord } from '../records/call-record.ts';
import type {
  CallDetail,
  CallFilter,
  CursorFault,
  Page,
  PageRequest,
  RecordingFilter,
} from '../records/ports.ts';
import type { RecordingRecord } from '../records/recording-record.ts';
import { consentDetails } from './consent-details.ts';
import { decodeCursor, encodeCursor } from './cursor.ts';
import { isAfter, pageSize } from './paging.ts';
import { callOf, controlOf, legOf, recordingOf } from './record-rows.ts';
import type { Database } from './schema.ts';
import { storable, storableText } from './storable-text.ts';

/** States in which there is audio that may be heard. */
const playable = ['sealed', 'interrupted', 'archived'];

export async function findCall(db: Kysely<Database>, id: string): Promise<CallDetail | null> {
  const row = await db.selectFrom('calls').selectAll().where('id', '=', storableText(id)).executeTakeFirst();
  if (row === undefined) return null;
  const [detail] = await withDetails(db, [row]);
  return detail ?? null;
}

export async function listCalls(
  db: Kysely<Database>,
  filter: CallFilter,
  page: PageRequest,
): Promise<Page<CallDetail> | CursorFault> {
  const after = page.cursor === null ? null : decodeCursor('calls', page.cursor);
  if (page.cursor !== null && after === null) return 'bad-cursor';
  const limit = pageSize(page);
  const rows = await db
    .selectFrom('calls')
    .selectAll()
    .where((eb) => eb.and(callConditions(eb, storable(filter))))
    .$if(after !== null, (query) => query.where(isAfter('calls.started_at', 'calls.id', after)))
    .orderBy('started_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit + 1)
    .execute();
  const shown = rows.slice(0, limit);
  const last = rows.length > limit ? shown.at(-1) : undefined;
  const nextCursor =
    last === undefined ? null : encodeCursor('calls', { at: last.started_at.toISOString(), id: last.id });
  return { items: await withDetails(db, shown), nextCursor };
}

function callConditions(eb: ExpressionBuilder<Database, 'calls'>, filter: CallFilter): Expression<SqlBool>[] {
  const all: Expression<SqlBool>[] = [];
  if (filter.since !== undefined) all.push(sql<SqlBool>`started_at >= ${filter.since}::timestamptz`);
  if (filter.until !== undefined) all.push(sql<SqlBool>`started_at < ${filter.until}::timestamptz`);
  if (filter.number !== undefined) {
    all.push(eb.or([equals('from_party', filter.number), equals('to_party', filter.number)]));
  }
  if (filter.extension !== undefined) all.push(equals('extension', filter.extension));
  if (filter.queue !== undefined) all.push(equals('queue', filter.queue));
  if (filter.direction !== undefined) all.push(eb('direction', '=', filter.direction));
  if (filter.outcome !== undefined) all.push(eb('outcome', '=', filter.outcome));
  if (filter.q !== undefined) all.push(contains(filter.q));
  if (filter.recorded !== undefined) {
    const recorded = eb.exists(
      eb
        .selectFrom('recordings')
        .select('recordings.id')
        .whereRef('recordings.call_id', '=', 'calls.id')
        .where('recordings.state', 'in', playable),
    );
    all.push(filter.recorded ? recorded : eb.not(recorded));
  }
  return all;
}

/** The index holds the beginning of the value; the whole decides. */
function equals(
  column: 'from_party' | 'to_party' | 'extension' | 'queue',
  value: string,
): Expression<SqlBool> {
  const name = sql.ref(column);
  return sql<SqlBool>`(left(${name}, 64) = left(${value}, 64) AND ${name} = ${value})`;
}

/** Whether any of the texts that name a party holds `text`, whatever its case. */
function contains(text: string): Expression<SqlBool> {
  const pattern = `%${text.replace(/[\\%_]/g, '\\$&')}%`;
  return sql<SqlBool>`(from_party ILIKE ${pattern} OR to_party ILIKE ${pattern}
    OR extension ILIKE ${pattern} OR queue ILIKE ${pattern})`;
}

type CallRow = Parameters<typeof callOf>[0];

async function withDetails(db: Kysely<Database>, rows: readonly CallRow[]): Promise<CallDetail[]> {
  if (rows.length === 0) return [];
  const ids = rows.map(({ id }) => id);
  const legs = await db
    .selectFrom('legs')
    .selectAll()
    .where('call_id', 'in', ids)
    .orderBy('position')
    .execute();
  const recordings = await db
    .selectFrom('recordings')
    .selectAll()
    .where('call_id', 'in', ids)
    .orderBy('id')
    .execute();
  const consent = await db
    .selectFrom('consent_events')
    .selectAll()
    .where('call_id', 'in', ids)
    .orderBy('position')
    .execute();
  const control = await db
    .selectFrom('control_events')
    .selectAll()
    .where('call_id', 'in', ids)
    .orderBy('at')
    .orderBy('id')
    .execute();
  const legsOf = grouped(legs, legOf);
  const recordingsOf = grouped(recordings, recordingOf);
  const told = await consentDetails(db, consent);
  const controlsOf = grouped(control, controlOf);
  return rows.map((row) => ({
    call: callOf(row, legsOf(row.id) satisfies readonly LegRecord[]),
    recordings: recordingsOf(row.id),
    consent: told.filter(({ callId }) => callId === row.id),
    control: controlsOf(row.id),
  }));
}

function grouped<Row extends { readonly call_id: string }, T>(
  rows: readonly Row[],
  of: (row: Row) => T,
): (callId: string) => readonly T[] {
  const groups = new Map<string, T[]>();
  for (const row of rows) {
    const group = groups.get(row.call_id);
    if (group === undefined) groups.set(row.call_id, [of(row)]);
    else group.push(of(row));
  }
  return (callId) => groups.get(callId) ?? [];
}

export async function findRecording(db: Kysely<Database>, id: string): Promise<RecordingRecord | null> {
  const row = await db
    .selectFrom('recordings')
    .selectAll()
    .where('id', '=', storableText(id))
    .executeTakeFirst();
  return row === undefined ? null : recordingOf(row);
}

/** Sorted by when they started, or were first heard of; `since` and `until` mean the same. */
export async function listRecordings(
  db: Kysely<Database>,
  filter: RecordingFilter,
  page: PageRequest,
): Promise<Page<RecordingRecord> | CursorFault> {
  const after = page.cursor === null ? null : decodeCursor('recordings', page.cursor);
  if (page.cursor !== null && after === null) return 'bad-cursor';
  const limit = pageSize(page);
  const rows = await db
    .selectFrom('recordings')
    .selectAll()
    .where((eb) => eb.and(recordingConditions(eb, storable(filter))))
    .$if(after !== null, (query) => query.where(isAfter('recordings.listed_at', 'recordings.id', after)))
    .orderBy('listed_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit + 1)
    .execute();
  const shown = rows.slice(0, limit);
  const last = rows.length > limit ? shown.at(-1) : undefined;
  const nextCursor =
    last === undefined ? null : encodeCursor('recordings', { at: last.listed_at.toISOString(), id: last.id });
  return { items: shown.map(recordingOf), nextCursor };
}

function recordingConditions(
  eb: ExpressionBuilder<Database, 'recordings'>,
  filter: RecordingFilter,
): Expression<SqlBool>[] {
  const all: Expression<SqlBool>[] = [];
  if (filter.callId !== undefined) all.push(eb('call_id', '=', filter.callId));
  if (filter.state !== undefined) all.push(eb('state', '=', filter.state));
  if (filter.since !== undefined) all.push(sql<SqlBool>`listed_at >= ${filter.since}::timestamptz`);
  if (filter.until !== undefined) all.push(sql<SqlBool>`listed_at < ${filter.until}::timestamptz`);
  return all;
}

/** Most that one look of the reconciler gives. */
const overdueLimit = 1000;

export async function findOverdue(db: Kysely<Database>, before: string): Promise<readonly RecordingRecord[]> {
  const rows = await db
    .selectFrom('recordings')
    .innerJoin('calls', 'calls.id', 'recordings.call_id')
    .selectAll('recordings')
    .where('recordings.state', 'in', ['expected', 'recording'])
    .where(sql<SqlBool>`calls.ended_at < ${before}::timestamptz`)
    .orderBy('recordings.id')
    .limit(overdueLimit)
    .execute();
  return rows.map(recordingOf);
}
