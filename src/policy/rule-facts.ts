import type { WallMs } from '../kernel/clock.ts';
import type { Direction } from '../records/call-record.ts';

/** What a rule may look at. Numbers are as the signalling gave them. */
export interface RuleFacts {
  /** Null: no certain call; samples are taken to match. */
  readonly callId: string | null;
  readonly at: WallMs;
  readonly direction: Direction;
  readonly from: string;
  readonly to: string;
  /** The number on the PBX's side. */
  readonly extension: string | null;
  readonly queue: string | null;
  /** Null: not known, which no condition on peers matches. */
  readonly callerPeer: string | null;
  readonly calleePeer: string | null;
  /** Header fields of the INVITE by lower-case long name. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly emergency: boolean;
}
