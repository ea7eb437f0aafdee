import type { Party } from '../records/call-record.ts';
import type { SipHeaders, SipRequest } from '../sip/message.ts';
import {
  answerSession,
  expiresAfterMs,
  isTooShort,
  leastMinSeconds,
  printSession,
  readMinSe,
  readSessionExpires,
  refreshAfterMs,
  type SessionRequest,
  type SessionTimer,
  type SessionWishes,
} from '../sip/session-timer.ts';
import { names } from './extensions.ts';
import { targetRefreshes } from './methods.ts';
import type { Refusal } from './refusal.ts';
import type { Turn } from './turn.ts';

/** The session timer of a leg (RFC 4028); each leg has its own, as each has its own session. */
export interface LegSession {
  /** Null: the session does not expire. */
  readonly timer: SessionTimer | null;
  /** The highest Min-SE of a 422 of the party. */
  readonly minSeconds: number;
  /** Refreshes that were asked for since the last one that went well. */
  readonly tries: number;
}

export const noSession: LegSession = { timer: null, minSeconds: 0, tries: 0 };

/** INVITE and UPDATE of ours ask for a session timer (RFC 4028 §7.1, §7.4), of who is not known to have none. */
export function askSession(turn: Turn, party: Party, headers: SipHeaders): void {
  const leg = turn.leg(party);
  if (leg === null) return;
  const { expiresSeconds, minSeconds } = turn.call.limits.session;
  const { timer, minSeconds: theirs } = leg.session;
  const least = Math.max(minSeconds, theirs);
  if (timer !== null) {
    const seconds = Math.max(timer.seconds, least);
    headers.append('Session-Expires', printSession({ ...timer, seconds }, 'uac'));
  } else if (expiresSeconds > 0 && (leg.dialog === null || leg.abilities.supports.has('timer'))) {
    headers.append('Session-Expires', String(Math.max(expiresSeconds, least)));
  } else {
    return;
  }
  // §5: without the header it is 90 seconds.
  if (least > leastMinSeconds) headers.append('Min-SE', String(least));
}

/** Our 2xx to a party's INVITE or UPDATE says what its session timer is from now on (RFC 4028 §9). */
export function agreeSession(turn: Turn, party: Party, request: SipRequest, headers: SipHeaders): void {
  const leg = turn.leg(party);
  // A session begins with its INVITE: an UPDATE before that refreshes none.
  if (leg === null || (leg.state === 'inviting' && request.method !== 'INVITE')) return;
  const asked = sessionRequest(request.headers);
  const timer = answerSession(asked, turn.call.limits.session, leg.session.timer);
  runSession(turn, party, timer);
  if (timer === null) return;
  headers.append('Session-Expires', printSession(timer, 'uas'));
  // §9: without it a UAC does not have to look, and who is to refresh has to.
  if (asked.supports) headers.append('Require', 'timer');
}

function sessionRequest(headers: SipHeaders): SessionRequest {
  return {
    expires: readSessionExpires(headers),
    minSe: readMinSe(headers),
    supports: names(headers, 'supported', 'timer') || names(headers, 'require', 'timer'),
  };
}

/** RFC 4028 §9: 422 to an interval that is too short, with what we take. */
export function shortInterval({ method, headers }: SipRequest, wishes: SessionWishes): Refusal | null {
  if (!targetRefreshes.has(method) || !isTooShort(sessionRequest(headers), wishes)) return null;
  const least = [['Min-SE', String(wishes.minSeconds)] as const];
  return { status: 422, phrase: 'Session Interval Too Small', headers: least };
}

/** The session was refreshed, or has no timer from now on. */
export function runSession(turn: Turn, party: Party, timer: SessionTimer | null): void {
  const leg = turn.leg(party);
  if (leg === null) return;
  turn.updateLeg(party, { session: { ...leg.session, timer, tries: 0 } });
  stopSession(turn, party);
  if (timer === null || turn.call.phase === 'ending') return;
  turn.setTimer(`expiry-${party}`, expiresAfterMs(timer));
  if (timer.refresher === 'us') turn.setTimer(`refresh-${party}`, refreshAfterMs(timer));
}

/** The session is over. */
export function stopSession(turn: Turn, party: Party): void {
  turn.clearTimer(`refresh-${party}`);
  turn.clearTimer(`expiry-${party}`);
}
