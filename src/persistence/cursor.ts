/** Where a page ended: the sort key of its last row. */
export interface CursorPosition {
  /** RFC 3339 with milliseconds. */
  readonly at: string;
  readonly id: string;
}

export type CursorList = 'calls' | 'recordings' | 'policies' | 'do-not-record';

/** Opaque to users; names its list, so that one list's cursor does not open another. */
export function encodeCursor(list: CursorList, { at, id }: CursorPosition): string {
  return Buffer.from(JSON.stringify([list, at, id]), 'utf8').toString('base64url');
}

const longestCursor = 1024;

/** Null for anything that `encodeCursor` did not make for this list. */
export function decodeCursor(list: CursorList, cursor: string): CursorPosition | null {
  if (cursor.length > longestCursor) return null;
  let parts: unknown;
  try {
    parts = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    return null;
  }
  if (!Array.isArray(parts) || parts.length !== 3) return null;
  const [name, at, id] = parts as unknown[];
  if (name !== list || typeof at !== 'string' || typeof id !== 'string') return null;
  if (!isTime(at) || id.includes('\u0000')) return null;
  return encodeCursor(list, { at, id }) === cursor ? { at, id } : null;
}

function isTime(text: string): boolean {
  const at = new Date(text);
  return !Number.isNaN(at.getTime()) && at.toISOString() === text;
}
