import { randomHex, type RandomBytes } from '../../kernel/ids.ts';
import { noBody, SipHeaders, type SipRequest } from '../../sip/message.ts';
import { legPeer } from '../call-birth.ts';
import type { TransactionLayer } from '../transaction-layer.ts';
import type { Ping } from './keep-alives.ts';
import type { KnownHop } from './known-hop.ts';

/** Whether a hop answers OPTIONS (RFC 3261 §11). */
export function optionsPing(layer: TransactionLayer, random: RandomBytes): Ping {
  return (hop, told) => {
    layer.send(optionsRequest(hop, layer, random), hop.target.hop, {
      response: ({ status }) => {
        if (status >= 200) told(isAlive(status));
      },
      failed: () => {
        told(false);
      },
    });
  };
}

/** Whatever it thinks of OPTIONS, who answers is there; but 503, and 408 of a proxy whose server is not. */
function isAlive(status: number): boolean {
  return status !== 408 && status !== 503;
}

function optionsRequest(
  { peer, target }: KnownHop,
  layer: TransactionLayer,
  random: RandomBytes,
): SipRequest {
  const us = legPeer(peer, layer);
  const uri = `sip:${target.host}${target.port === null ? '' : `:${target.port}`}`;
  const headers = new SipHeaders()
    .append('Max-Forwards', '70')
    .append('From', `<sip:${us.host}>;tag=${randomHex(8, random)}`)
    .append('To', `<sip:${peer.domain ?? target.host}>`)
    .append('Call-ID', randomHex(12, random))
    .append('CSeq', '1 OPTIONS')
    .append('Contact', us.contact)
    .append('Accept', 'application/sdp');
  return { type: 'request', method: 'OPTIONS', uri, headers, body: noBody };
}
