import type { Direction } from '../records/call-record.ts';
import type { PeerOptions } from './options.ts';

type Side = Pick<PeerOptions, 'side'>;

/** What a call from one peer to another is, seen from the site. */
export function callDirection(from: Side, to: Side): Direction {
  if (from.side === 'trunk') return 'inbound';
  return to.side === 'pbx' ? 'internal' : 'outbound';
}
