import type { LogFields } from '../../kernel/logger.ts';
import { maskNumber } from '../../records/mask-number.ts';
import type { LegQuality, Party } from '../../records/call-record.ts';
import type { RecordingRecord } from '../../records/recording-record.ts';
import type { CallEnd, CallFacts, CallSummary } from '../../signalling/ports.ts';

/** Room for a Call-ID of any sane peer. */
const longestId = 128;

/** What is known of a call beside its signalling. */
export interface KeptOfCall {
  readonly ruleId: string | null;
  readonly recording: RecordingRecord | null;
  qualityOf(party: Party): LegQuality | null;
}

/** The one line that the log has of a call. */
export function callLine(facts: CallFacts, end: CallEnd, summary: CallSummary, kept: KeptOfCall): LogFields {
  const dialogs = (party: 'caller' | 'callee'): string =>
    end.legs
      .filter((leg) => leg.party === party)
      .map(({ sipCallId }) => loggable(sipCallId, facts))
      .join(' ');
  return {
    callId: facts.callId,
    direction: facts.direction,
    emergency: facts.emergency,
    callerPeer: facts.callerPeer,
    calleePeer: summary.calleePeer,
    from: maskNumber(facts.from),
    to: facts.emergency ? facts.to : maskNumber(facts.to),
    outcome: end.outcome,
    reason: end.reason,
    status: summary.status,
    attempts: summary.attempts,
    setupMs: summary.setupMs,
    ringMs: summary.ringMs,
    talkMs: summary.talkMs,
    callerCodec: summary.codecs.caller,
    calleeCodec: summary.codecs.callee,
    ...heard('caller', kept.qualityOf('caller')),
    ...heard('callee', kept.qualityOf('callee')),
    transfers: summary.transfers,
    retransmissions: summary.repeated,
    callerSipCallId: dialogs('caller'),
    calleeSipCallId: dialogs('callee'),
    ruleId: kept.ruleId,
    recordingId: kept.recording?.id ?? null,
    recordingState: kept.recording?.state ?? null,
  };
}

/** How a party was heard; null where the media worker has not said. */
function heard(party: Party, quality: LegQuality | null): LogFields {
  return {
    [`${party}LossPercent`]: quality?.lossPercent ?? null,
    [`${party}RoundTripMs`]: quality?.roundTripMs ?? null,
    [`${party}Mos`]: quality?.mos ?? null,
  };
}

/** So many digits at the end tell a number, with or without its country. */
const tellingDigits = 7;

/** Some phones make their Call-IDs of the number. */
function loggable(sipCallId: string, { from, to }: CallFacts): string {
  const tails = [from, to]
    .map((party) => party.replace(/\D/g, ''))
    .filter((digits) => digits.length >= tellingDigits)
    .map((digits) => digits.slice(-tellingDigits));
  return sipCallId
    .slice(0, longestId)
    .replace(/\d{7,}/g, (digits) => (tails.some((tail) => digits.includes(tail)) ? '…' : digits));
}
