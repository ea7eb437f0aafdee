import type { Withheld } from '../../consent/consent-state.ts';

/** Who could not be told is a fault of ours; who refuses is not. */
export function lifeEventOf(
  how: 'withheld' | 'ended' | 'destroyed',
  reason: Withheld,
): 'withheld' | 'diverted' | 'refused' {
  if (how === 'ended') return 'diverted';
  if (reason === 'opted-out') return 'refused';
  return reason === 'not-told' ? 'withheld' : 'diverted';
}
