import type { Party } from '../records/call-record.ts';
import { activeLine } from '../sdp/active-line.ts';
import { sameSession } from '../sdp/same-session.ts';
import type { SessionDescription } from '../sdp/session-description.ts';
import type { SipHeaders } from '../sip/message.ts';
import { sendAccepted } from './call-acceptance.ts';
import { answerOffer } from './call-offer-answer.ts';
import { inviteResponse } from './call-responses.ts';
import type { ArrivedRequest } from './call-state.ts';
import { newTalk } from './dialog-side.ts';
import { refreshDialog } from './leg-requests.ts';
import type { Turn } from './turn.ts';

/**
 * A re-INVITE that refreshes the session timer of its leg (RFC 4028 §7.4) and changes nothing is answered here, since
 * the other leg has a session and a timer of its own; sent on, it would meet that leg's refreshes (RFC 3261 §14.1).
 * False: it is something else, and goes on.
 */
export function answersRefresh(
  turn: Turn,
  party: Party,
  { transaction, request }: ArrivedRequest,
  offer: SessionDescription | null,
): boolean {
  const line = offer === null ? null : activeLine(offer);
  const before = turn.leg(party)?.described ?? null;
  if (offer === null || line === null || before === null || !refreshesOnly(request.headers)) return false;
  if (!sameSession(offer, before)) return false;
  const answered = answerOffer(turn, party, offer, null);
  if (!answered.ok) return false;
  refreshDialog(turn, party, request);
  turn.updateLeg(party, { talk: newTalk(request) });
  const accepted = inviteResponse(
    turn,
    { from: party, request },
    { status: 200, phrase: 'OK', upstream: null, tag: '', body: answered.value },
  );
  turn.update({
    exchange: {
      from: party,
      initial: false,
      transaction,
      request,
      client: null,
      stage: 'held',
      offer: { by: party, description: offer, line, relayed: null },
      accepted,
      intervalMs: 0,
      cancelled: false,
    },
  });
  sendAccepted(turn);
  return true;
}

/** Not one that may tell who is there now (RFC 4916, RFC 3325), which is for the other party to know. */
function refreshesOnly(headers: SipHeaders): boolean {
  return headers.count('session-expires') > 0 && identities.every((name) => headers.count(name) === 0);
}

const identities = ['p-asserted-identity', 'remote-party-id', 'identity'] as const;
