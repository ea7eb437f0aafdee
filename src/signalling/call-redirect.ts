import type { Attempt } from './call-state.ts';
import { requestUriAt } from './identity.ts';
import type { Turn } from './turn.ts';

/** Redirections that one call follows: whoever sends it round in circles is left after these. */
const maxRedirections = 5;

/**
 * A 3xx has named places where the call may be tried (RFC 3261 §8.1.3.4); they come before what is left of the route.
 * "A client MUST NOT add any given URI to the target set more than once". False: none is new.
 */
export function followRedirect(turn: Turn, places: readonly Attempt[]): boolean {
  const { phase, redirections, asked, attempts } = turn.call;
  if (phase !== 'dialling' || redirections >= maxRedirections) return false;
  const seen = new Set(asked);
  const fresh = places.filter((place) => {
    const uri = askedUri(turn, place);
    if (seen.has(uri)) return false;
    seen.add(uri);
    return true;
  });
  if (fresh.length === 0) return false;
  // Nothing has rung at the new places yet.
  turn.update({ attempts: [...fresh, ...attempts], redirections: redirections + 1, rang: false });
  return true;
}

/** What an INVITE to this place asks for. */
export function askedUri({ call }: Turn, { requestUri, target }: Attempt): string {
  return requestUriAt(requestUri ?? call.requestUri, target);
}

/** RFC 3261 §8.1.3.4: a place that a redirection named has failed, and it has named another; 6xx ends the search. */
export function hasOtherPlace({ call }: Turn, status: number): boolean {
  const [next] = call.attempts;
  return call.phase === 'dialling' && next?.requestUri !== undefined && status < 600;
}
