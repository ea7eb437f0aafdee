import { noBody, SipHeaders, type SipRequest } from '../../sip/message.ts';
import { legPeer } from '../call-birth.ts';
import type { Peer, RegistrationPlan } from '../peers.ts';
import type { TransactionLayer } from '../transaction-layer.ts';

export interface RegisterWish {
  readonly peer: Peer;
  readonly plan: RegistrationPlan;
  readonly layer: TransactionLayer;
  readonly expiresSeconds: number;
  readonly cseq: number;
  readonly callId: string;
}

/** RFC 3261 §10.2. One From tag for all of one Call-ID: the RFC leaves it open, and registrars are fond of it. */
export function registerRequest(wanted: RegisterWish): SipRequest {
  const { peer, plan, layer, expiresSeconds, cseq, callId } = wanted;
  const headers = new SipHeaders()
    .append('Max-Forwards', '70')
    .append('From', `<${plan.aor}>;tag=${callId.slice(0, 16)}`)
    .append('To', `<${plan.aor}>`)
    .append('Call-ID', callId)
    .append('CSeq', `${cseq} REGISTER`)
    .append('Contact', legPeer(peer, layer).contact)
    .append('Expires', String(expiresSeconds))
    // RFC 3327 §5.1: else a proxy that adds Path may refuse.
    .append('Supported', 'path');
  return { type: 'request', method: 'REGISTER', uri: `sip:${plan.domain}`, headers, body: noBody };
}
