import type { KeyFault, KeyPath } from './fault.ts';
import type { Config } from './schema.ts';

/** What is taken up while the node runs; everything else at its start alone. */
const reloadable: readonly string[] = [
  'recording.rules',
  'recording.schedules',
  'recording.queues',
  'purposes',
  'consent.prompts',
];

/** More of them say nothing new. */
const mostFaults = 20;

/** What a running node cannot take up of a configuration: listeners, media, database and the like. */
export function restartFaults(running: Config, next: Config): KeyFault[] {
  return differences(running, next, [])
    .slice(0, mostFaults)
    .map((path) => ({
      path,
      message: 'is taken up at a restart alone; restart the node, or take this change back and reload',
    }));
}

function differences(a: unknown, b: unknown, path: KeyPath): KeyPath[] {
  if (reloadable.includes(path.join('.'))) return [];
  if (Object.is(a, b)) return [];
  if (!isObject(a) || !isObject(b) || Array.isArray(a) !== Array.isArray(b)) return [path];
  if (Array.isArray(a) && Array.isArray(b) && a.length !== b.length) return [path];
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...keys].flatMap((key) =>
    differences(a[key], b[key], [...path, Array.isArray(a) ? Number(key) : key]),
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
