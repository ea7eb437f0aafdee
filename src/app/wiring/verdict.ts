import type { WallMs } from '../../kernel/clock.ts';
import { decide, type Decision } from '../../policy/decide.ts';
import { queueOf, type QueueOptions } from '../../policy/queue.ts';
import type { RuleBook } from '../../policy/rule-book.ts';
import type { CallFacts } from '../../signalling/ports.ts';
import { presented } from '../../policy/conditions.ts';
import { extensionOf } from './first-records.ts';

/** What was decided of a call when it arrived; it holds for as long as the call does. */
export interface Verdict {
  readonly decision: Decision;
  readonly queue: string | null;
}

export interface Judge {
  readonly rules: RuleBook;
  readonly queues: QueueOptions;
}

export function judge({ rules, queues }: Judge, call: CallFacts, at: WallMs): Verdict {
  const queue = queueOf(queues, call.headers, presented(rules.numbering));
  const { callId, direction, from, to, callerPeer, calleePeer, headers, emergency } = call;
  const decision = decide(rules, {
    ...{ callId, at, direction, from, to, callerPeer, calleePeer, headers, emergency, queue },
    extension: extensionOf(call),
  });
  return { decision, queue };
}
