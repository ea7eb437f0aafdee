import { createHash } from 'node:crypto';
import type { PurposeOptions, RecordingOptions } from './options.ts';

/** A prompt as far as it is policy: what it says, and the sound of it. */
export interface PolicyPrompt {
  readonly id: string;
  readonly audioSha256: string;
}

/** Everything that decides how calls are told and recorded. */
export interface PolicyParts extends Pick<RecordingOptions, 'rules' | 'schedules' | 'queues'> {
  readonly purposes: readonly PurposeOptions[];
  readonly prompts: readonly PolicyPrompt[];
}

export interface PolicyDocument {
  /** JSON with sorted keys, so that the same policy is the same text. */
  readonly text: string;
  /** Hexadecimal SHA-256 of the text. */
  readonly version: string;
}

export function policyDocument({ rules, schedules, queues, purposes, prompts }: PolicyParts): PolicyDocument {
  const text = JSON.stringify(sorted({ rules, schedules, queues, purposes, prompts }));
  return { text, version: createHash('sha256').update(text).digest('hex') };
}

/** More of them are counted, not listed. */
const mostChanges = 50;

/** What is different in the later of two documents, a line each; `before` null: there was none. */
export function policyChanges(before: string | null, after: string): readonly string[] {
  if (before === null) return ['the first policy of this node'];
  const [old, now] = [before, after].map((text) => JSON.parse(text) as Readonly<Record<string, unknown>>);
  if (old === undefined || now === undefined) return [];
  const changes = ['rules', 'schedules', 'purposes', 'prompts'].flatMap((part) =>
    listChanges(part, listOf(old[part]), listOf(now[part])),
  );
  if (!same(old.queues, now.queues)) changes.push('queues: changed');
  const more = changes.length - mostChanges;
  return more <= 0 ? changes : [...changes.slice(0, mostChanges), `and ${more} more`];
}

interface Named {
  readonly id: string;
}

function listChanges(part: string, old: readonly Named[], now: readonly Named[]): string[] {
  const before = new Map(old.map((each) => [each.id, each]));
  const after = new Map(now.map((each) => [each.id, each]));
  const removed = old.filter(({ id }) => !after.has(id)).map(({ id }) => `${part}: ${id} removed`);
  const others = now.flatMap((each) => {
    const known = before.get(each.id);
    if (known === undefined) return [`${part}: ${each.id} added`];
    const keys = keysChanged(known, each);
    return keys.length === 0 ? [] : [`${part}: ${each.id} changed (${keys.join(', ')})`];
  });
  const kept = (list: readonly Named[], other: ReadonlyMap<string, Named>): string =>
    list.flatMap(({ id }) => (other.has(id) ? [id] : [])).join('\n');
  const moved = kept(old, after) === kept(now, before) ? [] : [`${part}: order changed`];
  return [...removed, ...others, ...moved];
}

function keysChanged(old: object, now: object): string[] {
  const [before, after] = [old, now].map((each) => new Map(Object.entries(each)));
  const keys = new Set([...(before?.keys() ?? []), ...(after?.keys() ?? [])]);
  return [...keys].filter((key) => !same(before?.get(key), after?.get(key)));
}

/** Keys are sorted already. */
function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function listOf(value: unknown): readonly Named[] {
  return Array.isArray(value) ? (value as Named[]) : [];
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, each]) => [key, sorted(each)]));
}
