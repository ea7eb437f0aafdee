import { type Clock, type MonotonicMs, rfc3339, wallOf } from '../../kernel/clock.ts';
import type { LegPlan } from '../../consent/consent-machine.ts';
import type { PlayReport } from '../../media/protocol.ts';
import type { ConsentRecord } from '../../records/consent-record.ts';
import type { PromptLibrary } from '../prompt-library.ts';

export interface EvidenceFacts
  extends Pick<ConsentRecord, 'id' | 'callId' | 'recordingId' | 'legId' | 'party' | 'outcome' | 'purpose'> {
  readonly plan: LegPlan;
  readonly prompts: PromptLibrary;
  /** What the media worker says of the prompt; null: it has not said anything. */
  readonly report: PlayReport | null;
  readonly clock: Clock;
}

/** What one party was told, as it is kept. */
export function evidenceOf(facts: EvidenceFacts): ConsentRecord {
  const { plan, prompts, report, clock, ...known } = facts;
  const prompt = plan.kind === 'prompt' ? prompts.get(plan.promptId) : null;
  const wall = (at: MonotonicMs | null | undefined): string | null =>
    at === null || at === undefined ? null : rfc3339(wallOf(clock, at));
  return {
    ...known,
    text: plan.kind === 'elsewhere' ? plan.text : (prompt?.text ?? ''),
    promptId: prompt?.id ?? null,
    language: prompt?.language ?? null,
    audioSha256: prompt?.audioSha256 ?? null,
    codec: report?.codec ?? null,
    packetsSent: report?.packetsSent ?? null,
    packetsExpected: report?.packetsExpected ?? null,
    firstPacketAt: wall(report?.firstPacketAt),
    lastPacketAt: wall(report?.lastPacketAt),
    presentAtEnd: plan.kind === 'elsewhere' ? null : facts.outcome === 'told',
  };
}
