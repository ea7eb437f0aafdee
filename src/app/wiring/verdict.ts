import type { WallMs } from '../../kernel/clock.ts';
import { dialled, presented } from '../../policy/conditions.ts';
import { decide, type Decision } from '../../policy/decide.ts';
import { type DoNotRecordList, isListed, partyHashes } from '../../policy/do-not-record.ts';
import { recordingAllowed } from '../../policy/may-control.ts';
import { promptFor } from '../../policy/prompt-choice.ts';
import { queueOf, type QueueOptions } from '../../policy/queue.ts';
import type { RuleBook } from '../../policy/rule-book.ts';
import type { Party } from '../../records/call-record.ts';
import type { CallFacts } from '../../signalling/ports.ts';
import { numberForms } from '../../sip/number-forms.ts';
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
  /** The prompt that a party is owed, in its language; empty where it is owed none. */
  readonly promptOf: (party: Party) => string;
  /** What a party's number would be listed by; empty: it shows none. */
  readonly hashesOf: (party: Party) => readonly string[];
}

/** Who is never recorded. */
export interface Unrecorded {
  readonly list: DoNotRecordList & {
    /** Whose next call is not recorded. False: there are as many as may be. */
    add(hash: string): boolean;
  };
  readonly key: Uint8Array;
  /** The key-encryption key that it is derived from. */
  readonly keyId: string;
}

export function judge(
  policy: ActivePolicy,
  { list, key }: Pick<Unrecorded, 'key'> & { readonly list: DoNotRecordList },
  call: CallFacts,
  at: WallMs,
): Verdict {
  const { rules, queues, prompts, version } = policy;
  const { callId, direction, from, to, callerPeer, calleePeer, headers, emergency } = call;
  const queue = queueOf(queues, headers, presented(rules.numbering));
  const decision = decide(rules, {
    callId,
    at,
    direction,
    from,
    to,
    callerPeer,
    calleePeer,
    headers,
    emergency,
    queue,
    extension: extensionOf(call),
  });
  const wanted = recordingAllowed(decision) !== null;
  // Emergency calls are outside of it all: whoever records them does so by law.
  const listed = wanted && !emergency && isListed(list, key, call, rules.numbering);
  const hashesOf = (party: Party): readonly string[] => partyHashes(key, call, party, rules.numbering);
  const made = { queue, policyVersion: version, prompts, hashesOf };
  if (!listed) {
    return { promptOf: (party) => chosenPrompt(policy, decision, call, party), decision, ...made };
  }
  const ruleId = decision.record ? decision.rule.id : decision.ruleId;
  return { promptOf: () => '', decision: { record: false, ruleId, why: 'do-not-record' }, ...made };
}

function chosenPrompt(
  { rules, prompts }: ActivePolicy,
  decision: Decision,
  call: CallFacts,
  party: Party,
): string {
  const announce = recordingAllowed(decision)?.rule.announce;
  if (announce === undefined || announce === 'elsewhere') return '';
  const number =
    party === 'caller'
      ? numberForms(call.from, presented(rules.numbering))
      : numberForms(call.to, dialled(call, rules.numbering));
  const hearer = { number, headers: call.headers };
  return promptFor(announce, hearer, (id) => prompts.get(id)?.language ?? null);
}
