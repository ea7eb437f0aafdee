import type { WallMs } from '../../kernel/clock.ts';
import { presented } from '../../policy/conditions.ts';
import { decide, type Decision } from '../../policy/decide.ts';
import { type DoNotRecordList, isListed } from '../../policy/do-not-record.ts';
import { queueOf, type QueueOptions } from '../../policy/queue.ts';
import type { RuleBook } from '../../policy/rule-book.ts';
import type { CallFacts } from '../../signalling/ports.ts';
import type { PromptLibrary } from '../prompt-library.ts';
import { extensionOf } from './first-records.ts';

/** What calls that arrive now are decided by. */
export interface ActivePolicy {
  readonly version: string;
  readonly rules: RuleBook;
  readonly queues: QueueOptions;
  readonly prompts: PromptLibrary;
}

/** What was decided of a call when it arrived; it holds for as long as the call does. */
export interface Verdict {
  readonly decision: Decision;
  readonly queue: string | null;
  readonly policyVersion: string;
  /** The prompts as they were then. */
  readonly prompts: PromptLibrary;
}

/** Who is never recorded. */
export interface Unrecorded {
  readonly list: DoNotRecordList;
  readonly key: Uint8Array;
}

export function judge(policy: ActivePolicy, unrecorded: Unrecorded, call: CallFacts, at: WallMs): Verdict {
  const { rules, queues, prompts, version } = policy;
  const { callId, direction, from, to, callerPeer, calleePeer, headers, emergency } = call;
  const queue = queueOf(queues, headers, presented(rules.numbering));
  const decision = decide(rules, {
    ...{ callId, at, direction, from, to, callerPeer, calleePeer, headers, emergency, queue },
    extension: extensionOf(call),
  });
  const { list, key } = unrecorded;
  const wanted = decision.record || decision.why === 'on-demand';
  // Emergency calls are outside of it all: whoever records them does so by law.
  const listed = wanted && !emergency && isListed(list, key, call, rules.numbering);
  const made = { queue, policyVersion: version, prompts };
  if (!listed) return { ...made, decision };
  const ruleId = decision.record ? decision.rule.id : decision.ruleId;
  return { ...made, decision: { record: false, ruleId, why: 'do-not-record' } };
}
