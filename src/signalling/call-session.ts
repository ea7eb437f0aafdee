import type { Party } from '../records/call-record.ts';
import { parseCSeq } from '../sip/cseq.ts';
import type { SipResponse } from '../sip/message.ts';
import { tagOf } from '../sip/name-addr.ts';
import { acceptedSession, readMinSe, readSessionExpires, refreshAfterMs } from '../sip/session-timer.ts';
import { askOwn } from './call-own.ts';
import { endCall } from './call-release.ts';
import type { CallEvent, Leg } from './call-state.ts';
import { allows } from './leg-abilities.ts';
import { runSession } from './leg-session.ts';
import { targetRefreshes } from './methods.ts';
import { isWanted, legWith, sendAgain, type SentRequest } from './sent-requests.ts';
import type { Turn } from './turn.ts';

/** A party's 2xx to our INVITE or UPDATE, once the call has taken it (RFC 4028 §7.2). */
export function learnSession(turn: Turn, event: CallEvent): void {
  if (event.type !== 'response' || event.response.status < 200 || event.response.status >= 300) return;
  const { headers } = event.response;
  const leg = legWith(turn, headers.first('call-id'));
  const method = parseCSeq(headers.first('cseq') ?? '')?.method ?? '';
  if (leg === null || !targetRefreshes.has(method) || !isConfirmed(leg)) return;
  if (tagOf(headers.first('to') ?? '') !== leg.dialog?.remoteTag) return;
  const { timer, minSeconds } = leg.session;
  const asked = Math.max(timer?.seconds ?? turn.call.limits.session.expiresSeconds, minSeconds);
  runSession(turn, leg.party, acceptedSession(headers, asked === 0 ? null : asked));
}

function isConfirmed({ state }: Leg): boolean {
  return state === 'accepted' || state === 'confirmed';
}

/** Each proxy on the way may have a minimum of its own. */
const maxIntervals = 3;

/** RFC 4028 §7.3: the party wants a longer interval, so it is asked again with its Min-SE. */
export function meetsInterval(turn: Turn, leg: Leg, sent: SentRequest, response: SipResponse): boolean {
  const least = response.status === 422 ? readMinSe(response.headers) : null;
  const asked = readSessionExpires(sent.send.request.headers);
  if (least === null || asked === null || least <= asked.seconds) return false;
  const times = sent.again.filter((why) => why === '422').length;
  if (times >= maxIntervals || !isWanted(turn, leg, sent)) return false;
  const minSeconds = Math.max(least, leg.session.minSeconds);
  turn.updateLeg(leg.party, { session: { ...leg.session, minSeconds } });
  sendAgain(turn, leg, sent, {
    why: ['422'],
    edit: (headers) => {
      const seconds = Math.max(asked.seconds, minSeconds);
      const refresher = asked.refresher === null ? '' : `;refresher=${asked.refresher}`;
      headers.set('Session-Expires', `${seconds}${refresher}`).set('Min-SE', String(minSeconds));
    },
  });
  return true;
}

/**
 * Half of the interval is over. RFC 4028 §7.4 prefers UPDATE, which needs no offer; where it brings nothing, an INVITE
 * is tried, again and again until the session expires.
 */
export function onRefreshTimer(turn: Turn, party: Party): void {
  const leg = turn.leg(party);
  if (leg === null || leg.session.timer === null) return;
  const { timer, tries } = leg.session;
  const method = tries === 0 && allows(turn, party, 'UPDATE', null) ? 'UPDATE' : 'INVITE';
  if (askOwn(turn, party, { purpose: 'refresh', method, headers: [] })) {
    turn.updateLeg(party, { session: { ...leg.session, tries: tries + 1 } });
  }
  turn.setTimer(`refresh-${party}`, refreshAfterMs(timer) / 4);
}

/** RFC 4028 §10: nobody has refreshed the session. */
export function onSessionExpired(turn: Turn): void {
  endCall(turn, { reason: 'session-expired' });
}
