import { err } from '../kernel/result.ts';
import type { Result } from '../kernel/result.ts';
import type { SipMessage, SipRequest } from './message.ts';

/** Why bytes are no message, as a slug for a counter. */
export type ParseFaultReason = 'not-sip';

export interface ParseFault {
  readonly reason: ParseFaultReason;
  /** What the RFC gives to answer; null: nothing, the message is to be dropped. */
  readonly answer: ParseFaultAnswer | null;
}

export interface ParseFaultAnswer {
  readonly status: number;
  readonly phrase: string;
  /** As much of the request as there is: enough for `makeResponse`, and for nothing else. */
  readonly request: SipRequest;
}

/** Parses one message. *Takes* the bytes: the body is a view of them. */
export function parseMessage(_bytes: Uint8Array): Result<SipMessage, ParseFault> {
  return err({ reason: 'not-sip', answer: null });
}
