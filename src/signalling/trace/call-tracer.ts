import type { LadderLeg } from '../../records/ladder-record.ts';

/** RFC 3261 §17.1.2.2, T4: how long a message may still be on its way. The last ACK comes after a call's end. */
export const lingerMs = 5_000;

/** Who wants to know which dialogs are whose, to put messages where they belong. */
export interface CallTracer {
  /** Messages with this Call-ID are of this leg of the call from now on. */
  claim(callId: string, leg: LadderLeg): void;
  /** The call has ended; what its peers repeat may still come. */
  over(callId: string): void;
}

/** All of them, as the call machines see them. */
export interface CallTracing {
  readonly tracers: readonly CallTracer[];
  /** Messages of a call that had been on the wire before; null: nobody counts. */
  repeated(callId: string): number | null;
}
