import { sql, type Expression, type SqlBool } from 'kysely';
import type { PageRequest } from '../records/ports.ts';
import type { CursorPosition } from './cursor.ts';

const largestPage = 1000;

export function pageSize(page: PageRequest): number {
  return Math.min(largestPage, Math.max(1, Math.trunc(page.limit)));
}

/** Rows that come after a position, newest first. */
export function isAfter(at: string, id: string, position: CursorPosition | null): Expression<SqlBool> {
  if (position === null) return sql<SqlBool>`true`;
  return sql<SqlBool>`(${sql.ref(at)}, ${sql.ref(id)}) < (${position.at}::timestamptz, ${position.id})`;
}
