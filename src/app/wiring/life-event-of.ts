import type { Withheld } from '../../consent/consent-state.ts';
import type { LifeEvent, LifePhase } from '../../records/recording-life.ts';
import type { RecorderEvent } from '../recorder-pool.ts';
import { sealedFacts } from './sealed-facts.ts';

/** Who could not be told is a fault of ours; who refuses is not. */
export function lifeEventOf(
  how: 'withheld' | 'ended' | 'destroyed',
  reason: Withheld,
): 'withheld' | 'diverted' | 'refused' {
  if (how === 'ended') return 'diverted';
  if (reason === 'opted-out') return 'refused';
  return reason === 'not-told' ? 'withheld' : 'diverted';
}

/** What the recorder's word means for the recording's life; null: nothing. */
export function lifeEventOfRecorder(
  event: Exclude<RecorderEvent, { readonly type: 'marked' }>,
  phase: LifePhase | null,
): LifeEvent | null {
  switch (event.type) {
    case 'prepared':
    case 'discarded':
      return { type: event.type };
    case 'sealed':
      return { type: 'sealed', facts: sealedFacts(event.result), undecoded: event.result.undecoded };
    case 'failed':
      return { type: 'failed', reason: event.reason };
    case 'worker-died':
      // A recording that has not been prepared will be, by the worker's successor.
      return phase === 'expected' ? null : { type: 'failed', reason: 'recording-worker-died' };
  }
}
