import type { MediaOptions } from '../media/options.ts';

/** How many calls the media ports are enough for: two legs, each a pair. */
export function callsOfPorts({ interfaces }: MediaOptions): number {
  const pairs = interfaces.reduce(
    (sum, { ports }) => sum + Math.floor((ports.last - ports.first + 1) / 2),
    0,
  );
  return Math.floor(pairs / 2);
}
