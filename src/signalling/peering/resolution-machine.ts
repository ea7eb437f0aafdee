import type { Located } from '../locate/locate.ts';

/**
 * `unknown`: not looked up yet. `fresh`: DNS answers. `stale`: it has stopped, and what it said last holds.
 * `lost`: nothing can be reached under the name.
 */
export type ResolutionPhase = 'unknown' | 'fresh' | 'stale' | 'lost';

export interface ResolutionState {
  readonly phase: ResolutionPhase;
  readonly groups: Located['groups'];
  /** Looks in a row that did not get a whole answer. */
  readonly failures: number;
}

export type ResolutionEvent =
  | { readonly type: 'due' }
  /** `refreshMs`: until its answers are to be asked for again; null: they say nothing of it. */
  | { readonly type: 'located'; readonly located: Located; readonly refreshMs: number | null };

export type ResolutionEffect =
  | { readonly do: 'locate' }
  | { readonly do: 'wait'; readonly ms: number }
  /** The phase or the servers are others than before. */
  | { readonly do: 'tell' };

interface ResolutionStep {
  readonly state: ResolutionState;
  readonly effects: readonly ResolutionEffect[];
}

export const unresolved: ResolutionState = { phase: 'unknown', groups: [], failures: 0 };

const shortestMs = 1000;
/** RFC 8767 §5 recommends 30 seconds; the first tries come sooner, since DNS that restarts is back in a moment. */
const longestRetryMs = 30_000;

/** How one target that is a name is kept resolved: looked up ahead of expiry, kept when DNS stops answering. */
export function stepResolution(state: ResolutionState, event: ResolutionEvent): ResolutionStep {
  if (event.type === 'due') return { state, effects: [{ do: 'locate' }] };
  const { located, refreshMs } = event;
  if (located.quality === 'good') {
    const ms = refreshMs === null ? longestRetryMs : Math.max(shortestMs, refreshMs);
    return taken(state, { phase: phaseOf(located, 'fresh'), groups: located.groups, failures: 0 }, ms);
  }
  const failures = state.failures + 1;
  const retryMs = Math.min(longestRetryMs, shortestMs * 2 ** failures);
  if (located.groups.length === 0 && state.groups.length > 0) {
    return taken(state, { phase: 'stale', groups: state.groups, failures }, retryMs);
  }
  const phase = phaseOf(located, located.quality === 'stale' ? 'stale' : 'fresh');
  return taken(state, { phase, groups: located.groups, failures }, retryMs);
}

function phaseOf({ groups }: Located, reachable: 'fresh' | 'stale'): ResolutionPhase {
  return groups.length === 0 ? 'lost' : reachable;
}

function taken(before: ResolutionState, state: ResolutionState, ms: number): ResolutionStep {
  const others = before.phase !== state.phase || textOf(before.groups) !== textOf(state.groups);
  return { state, effects: [...(others ? [{ do: 'tell' } as const] : []), { do: 'wait', ms }] };
}

/** DNS servers give the same records in another order each time. */
function textOf(groups: Located['groups']): string {
  const servers = groups.map((group) =>
    group.map((server) => JSON.stringify({ ...server, addresses: server.addresses.toSorted() })).toSorted(),
  );
  return JSON.stringify(servers);
}
