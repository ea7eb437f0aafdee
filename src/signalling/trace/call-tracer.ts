import type { LadderLeg } from '../../records/ladder-record.ts';

/** Who wants to know which dialogs are whose, to put messages where they belong. */
export interface CallTracer {
  /** Messages with this Call-ID are of this leg of the call from now on. */
  claim(callId: string, leg: LadderLeg): void;
  /** Messages of the call so far that had been on the wire before. */
  repeated(callId: string): number;
  /** The call has ended; what its peers repeat may still come. */
  over(callId: string): void;
}
