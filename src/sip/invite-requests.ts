import { parseCSeq } from './cseq.ts';
import { noBody, SipHeaders } from './message.ts';
import type { SipRequest, SipResponse } from './message.ts';

/** The ACK to a 3xx to 6xx, which belongs to the INVITE's transaction (RFC 3261 §17.1.1.3). */
export function ackToFailure(invite: SipRequest, response: SipResponse): SipRequest {
  return follower(invite, 'ACK', response.headers.first('to') ?? invite.headers.first('to') ?? '');
}

/** The CANCEL of an INVITE (RFC 3261 §9.1), with a Reason value (RFC 3326) where there is one. */
export function cancelOf(invite: SipRequest, reason: string | null): SipRequest {
  const cancel = follower(invite, 'CANCEL', invite.headers.first('to') ?? '');
  if (reason !== null) cancel.headers.append('Reason', reason);
  return cancel;
}

/**
 * §9.1 and §17.1.1.3 alike: the INVITE's Request-URI, Call-ID, From and CSeq number; one Via, equal to the
 * INVITE's top Via; and all its Route fields.
 */
function follower(invite: SipRequest, method: string, to: string): SipRequest {
  const headers = new SipHeaders([{ name: 'Via', value: invite.headers.first('via') ?? '' }]);
  for (const route of invite.headers.all('route')) headers.append('Route', route);
  const number = parseCSeq(invite.headers.first('cseq') ?? '')?.number ?? 0;
  headers
    .append('Max-Forwards', '70')
    .append('From', invite.headers.first('from') ?? '')
    .append('To', to)
    .append('Call-ID', invite.headers.first('call-id') ?? '')
    .append('CSeq', `${number} ${method}`);
  return { type: 'request', method, uri: invite.uri, headers, body: noBody };
}
