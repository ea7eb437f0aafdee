import { createHash } from 'node:crypto';
import { type Clock, type MonotonicMs, rfc3339, wallOf } from '../../kernel/clock.ts';
import { canonicalJson } from '../../kernel/canonical-json.ts';
import type { LegPlan } from '../../consent/consent-plan.ts';
import type { PlayReport } from '../../media/protocol.ts';
import type { ConsentFacts, ConsentOutcome } from '../../records/consent-record.ts';
import type { Prompt, PromptLibrary } from '../prompt-library.ts';

type Known =
  | 'id'
  | 'callId'
  | 'recordingId'
  | 'legId'
  | 'party'
  | 'outcome'
  | 'moment'
  | 'key'
  | 'ruleId'
  | 'purpose'
  | 'retainUntil';

export interface EvidenceFacts extends Pick<ConsentFacts, Known> {
  /** Null: nobody was to be recorded. */
  readonly plan: LegPlan | null;
  readonly prompts: PromptLibrary;
  /** What the media worker says of the prompt; null: it has not said anything. */
  readonly report: PlayReport | null;
  readonly clock: Clock;
}

/** Outcomes of who has heard the whole prompt. */
const heardIt: ReadonlySet<ConsentOutcome> = new Set(['told', 'stayed', 'agreed', 'declined']);

/** What one party was told, as it is kept. */
export function evidenceOf(facts: EvidenceFacts): ConsentFacts {
  const { plan, prompts, report, clock, ...known } = facts;
  const prompt = plan?.kind === 'prompt' ? prompts.get(plan.promptId) : null;
  const wall = (at: MonotonicMs | null | undefined): string | null =>
    at === null || at === undefined ? null : rfc3339(wallOf(clock, at));
  return {
    at: rfc3339(clock.wall()),
    consent: (plan?.kind === 'prompt' ? plan.question?.kind : null) ?? 'notice',
    text: plan?.kind === 'elsewhere' ? plan.text : (prompt?.text ?? ''),
    promptId: prompt?.id ?? null,
    promptVersion: prompt === null ? null : promptVersion(prompt),
    language: prompt?.language ?? null,
    audioSha256: prompt?.audioSha256 ?? null,
    codec: report?.codec ?? null,
    packetsSent: report?.packetsSent ?? null,
    packetsExpected: report?.packetsExpected ?? null,
    firstPacketAt: wall(report?.firstPacketAt),
    lastPacketAt: wall(report?.lastPacketAt),
    presentAtEnd: plan?.kind === 'prompt' ? heardIt.has(known.outcome) : null,
    ...known,
  };
}

/** Another text, purpose, language or sound under the same id is another prompt. */
function promptVersion({ id, language, purpose, text, audioSha256 }: Prompt): string {
  return createHash('sha256')
    .update(canonicalJson({ id, language, purpose, text, audioSha256 }))
    .digest('hex');
}
