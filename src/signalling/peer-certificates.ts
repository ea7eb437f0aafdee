import { peerAt } from './peer-at.ts';
import type { Peer, PeerBook } from './peers.ts';
import type { Hop } from './transaction-layer.ts';
import type { CertificateRules } from './transport/certificate-rules.ts';

/** What certificates must name, by the entries of the peers. */
export function peerCertificates(peers: PeerBook): CertificateRules {
  return {
    required: (listener, address, port) => peers.find(listener, address, port)?.certificate ?? null,
    accepted: (hop) => acceptedAt(hop, peerAt(peers, hop)),
  };
}

/**
 * RFC 5922 §7.3: the domain that the request is for; where it is for an address, that. An address that DNS gave for
 * a name proves nothing: DNS may lie.
 */
function acceptedAt({ name, address }: Hop, peer: Peer | null): readonly string[] {
  if (peer !== null && peer.certificate !== null) return [peer.certificate];
  return [name ?? address, peer?.domain].filter((one) => typeof one === 'string');
}
