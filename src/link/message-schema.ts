import { z } from 'zod';
import type { MeterSample } from '../kernel/meter.ts';
import { mostNotRecorded } from '../records/do-not-record.ts';
import type { ToControl, ToProxy } from './protocol.ts';
import { ladderSchema, numberHash, recordEventSchema } from './record-event-schema.ts';

const id = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const nodeId = z.string().min(1).max(128);
/** JSON has no NaN and writes null instead. */
const measured = z
  .number()
  .nullable()
  .transform((value) => value ?? Number.NaN);

/** Prometheus' rules for names, so that no node can break the page of all. */
const metricName = z.string().regex(/^[a-zA-Z_:][a-zA-Z0-9_:]{0,199}$/);
const labelName = z.string().regex(/^[a-zA-Z_][a-zA-Z0-9_]{0,99}$/);

const sample = z.object({
  name: metricName,
  help: z.string(),
  type: z.enum(['counter', 'gauge', 'histogram']),
  labels: z.record(labelName, z.string()),
  value: measured,
  buckets: z.array(z.object({ le: z.number(), count: measured })).exactOptional(),
  sum: measured.exactOptional(),
}) satisfies z.ZodType<MeterSample>;

const value = z.discriminatedUnion('method', [
  z.object({ method: z.literal('metrics'), samples: z.array(sample) }),
  z.object({ method: z.literal('control'), recordingId: z.string(), samplePosition: z.number() }),
  z.object({ method: z.literal('ladder'), ladder: ladderSchema }),
  z.object({ method: z.literal('forget-key') }),
  z.object({
    method: z.literal('reload-policy'),
    version: z.string(),
    changes: z.array(z.string()),
    warnings: z.array(z.string()),
    faults: z.array(z.string()),
  }),
  z.object({ method: z.literal('do-not-record') }),
  z.object({ method: z.literal('drain') }),
]);

const answer = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true), value }),
  z.object({
    ok: z.literal(false),
    code: z.enum(['no-call', 'conflict', 'forbidden', 'failed', 'unsupported']),
  }),
]);

const ask = z.discriminatedUnion('method', [
  z.object({ method: z.literal('metrics') }),
  z.object({
    method: z.literal('control'),
    callId: z.string(),
    action: z.enum(['start', 'stop', 'pause', 'resume']),
    actor: z.string(),
    reason: z.string().nullable(),
  }),
  z.object({ method: z.literal('ladder'), callId: z.string() }),
  z.object({ method: z.literal('forget-key'), recordingId: z.string() }),
  z.object({ method: z.literal('reload-policy'), apply: z.boolean(), actor: z.string() }),
  z.object({
    method: z.literal('do-not-record'),
    keyId: z.string(),
    hashes: z.array(z.string().regex(numberHash)).max(mostNotRecorded),
  }),
  z.object({ method: z.literal('drain') }),
]);

const toControl = z.discriminatedUnion('type', [
  z.object({ type: z.literal('hello'), protocol: z.number(), nodeId, version: z.string().max(128) }),
  z.object({ type: z.literal('serving'), sip: z.array(z.string()) }),
  z.object({ type: z.literal('records'), batch: id, events: z.array(recordEventSchema) }),
  z.object({ type: z.literal('response'), id, answer }),
]) satisfies z.ZodType<ToControl>;

const toProxy = z.discriminatedUnion('type', [
  z.object({ type: z.literal('welcome'), protocol: z.number() }),
  z.object({ type: z.literal('stored'), batch: id }),
  z.object({ type: z.literal('request'), id, ask }),
]) satisfies z.ZodType<ToProxy>;

/** Null: not a message of this protocol. */
export function parseToControl(message: unknown): ToControl | null {
  const parsed = toControl.safeParse(message);
  return parsed.success ? parsed.data : null;
}

/** Null: not a message of this protocol. */
export function parseToProxy(message: unknown): ToProxy | null {
  const parsed = toProxy.safeParse(message);
  return parsed.success ? parsed.data : null;
}
