import type { KeyFault, KeyPath } from './fault.ts';

/** Nothing where `id` is one of the known. */
export function unknown(path: KeyPath, id: string, known: readonly string[], what: string): KeyFault[] {
  if (known.includes(id)) return [];
  const have = known.length === 0 ? `there is no ${what} yet` : `known: ${known.join(', ')}`;
  return [{ path, message: `names no ${what} "${id}"; ${have}` }];
}
