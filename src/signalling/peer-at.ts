import { bareHost } from '../sip/via.ts';
import type { Peer, PeerBook } from './peers.ts';
import type { Hop } from './transaction-layer.ts';

/** The peer that a hop leads to: whose target it is, else who sends from there. */
export function peerAt(peers: PeerBook, { listener, address, port, name }: Hop): Peer | null {
  const leadsThere = ({ targets }: Peer): boolean =>
    targets.some((target) => target.listener === listener && bareHost(target.host) === (name ?? address));
  return peers.all.find(leadsThere) ?? peers.find(listener, address, port);
}
