import { err, ok, type Result } from '../kernel/result.ts';
import type { Direction } from '../records/call-record.ts';
import { canonicalName } from '../sip/header-name.ts';

/** A call that somebody asks about. */
export interface ExplainQuestion {
  readonly direction: Direction;
  readonly from: string;
  readonly to: string;
  readonly peers: readonly string[];
  /** By lower-case long name. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  /** Milliseconds since 1970 UTC; null: now. */
  readonly at: number | null;
  readonly callId: string | null;
}

/** For `parseArgs`. */
export const explainOptions = {
  direction: { type: 'string' },
  from: { type: 'string' },
  to: { type: 'string' },
  peer: { type: 'string', multiple: true },
  header: { type: 'string', multiple: true },
  at: { type: 'string' },
  'call-id': { type: 'string' },
  json: { type: 'boolean' },
} as const;

export interface ExplainValues {
  readonly direction?: string;
  readonly from?: string;
  readonly to?: string;
  readonly peer?: readonly string[];
  readonly header?: readonly string[];
  readonly at?: string;
  readonly 'call-id'?: string;
  readonly json?: boolean;
}

/** The error is one sentence for the user. */
export function readQuestion(values: ExplainValues): Result<ExplainQuestion, string> {
  const { direction, from, to, peer = [], header = [], at } = values;
  if (direction !== 'inbound' && direction !== 'outbound' && direction !== 'internal')
    return err('give --direction as inbound, outbound or internal');
  if (from === undefined || to === undefined) return err('give both numbers: --from NUMBER --to NUMBER');
  const instant = at === undefined ? null : Date.parse(at);
  if (Number.isNaN(instant)) return err('give --at as a time such as 2026-11-27T09:30:00+01:00');
  const headers = new Map<string, string[]>();
  for (const field of header) {
    const colon = field.indexOf(':');
    if (colon < 1) return err('give each header as --header "Name: value"');
    const name = canonicalName(field.slice(0, colon).trim());
    headers.set(name, [...(headers.get(name) ?? []), field.slice(colon + 1).trim()]);
  }
  const callId = values['call-id'] ?? null;
  return ok({ direction, from, to, peers: peer, headers, at: instant, callId });
}
