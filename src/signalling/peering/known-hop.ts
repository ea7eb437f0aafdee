import type { Peer, Target } from '../peers.ts';
import type { Hop } from '../transaction-layer.ts';

/** A hop of a peer, with the target that stands for it. */
export interface KnownHop {
  readonly peer: Peer;
  readonly target: Target;
}

/** One name for a hop, whatever connection leads there. */
export function hopKey({ listener, transport, address, port }: Hop): string {
  return `${listener} ${transport} ${address} ${port}`;
}

/** Fields of a log line. */
export function describeHop({ peer, target: { hop } }: KnownHop): {
  peer: string;
  transport: string;
  hop: string;
} {
  const { transport, address, port } = hop;
  return {
    peer: peer.id,
    transport,
    hop: address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`,
  };
}
