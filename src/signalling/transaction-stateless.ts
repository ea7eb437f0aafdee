import { createHmac } from 'node:crypto';
import type { SipRequest, SipResponse } from '../sip/message.ts';
import { makeResponse } from '../sip/response.ts';
import { serverKey } from '../sip/transaction-key.ts';

/**
 * A response that leaves nothing behind here. RFC 3261 §8.2.7: "To header tags MUST be generated in a stateless
 * manner - in a manner that will generate the same tag for the same request consistently"; so the tag is made
 * of what a retransmission has in common with its original, and of a secret of this process.
 */
export function statelessResponse(
  secret: Uint8Array,
  request: SipRequest,
  status: number,
  phrase: string,
): SipResponse {
  const same = `${serverKey(request)}\n${request.headers.first('call-id') ?? ''}`;
  const tag = createHmac('sha256', secret).update(same, 'latin1').digest('hex').slice(0, 16);
  return makeResponse(request, status, phrase, tag);
}
