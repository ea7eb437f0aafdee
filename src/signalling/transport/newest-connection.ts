import type { Hop } from '../transaction-layer.ts';

interface AcceptedConnection {
  readonly hop: Hop;
  readonly usable: boolean;
}

/** The hop of the newest connection that still takes messages and is of somebody of these; null: there is none. */
export function newestConnection(
  connections: Iterable<AcceptedConnection>,
  isTheirs: (address: string, port: number) => boolean,
): Hop | null {
  let newest: Hop | null = null;
  for (const { hop, usable } of connections) if (usable && isTheirs(hop.address, hop.port)) newest = hop;
  return newest;
}
