import type { WallMs } from '../../kernel/clock.ts';
import { explain, type Explanation, printExplanation } from '../../policy/explain.ts';
import { presented } from '../../policy/conditions.ts';
import { queueOf } from '../../policy/queue.ts';
import type { RuleFacts } from '../../policy/rule-facts.ts';
import { callDirection } from '../../signalling/call-direction.ts';
import { emergencyNumbers } from '../../signalling/emergency-numbers.ts';
import { parseUri } from '../../sip/uri.ts';
import type { Config } from '../../config/schema.ts';
import type { ExplainQuestion } from '../explain-question.ts';
import { exitCode } from '../role-messages.ts';
import { ruleBookOf } from '../rule-book-of.ts';
import type { CommandContext } from '../run-command.ts';
import type { Settings } from '../settings.ts';
import { extensionOf } from '../wiring/first-records.ts';

/** Says which rule the call would meet, and what kept each one before it from matching. */
export function runPolicyExplain(
  { config, source }: Settings,
  { question, json }: { readonly question: ExplainQuestion; readonly json: boolean },
  { print, complain }: CommandContext,
): number {
  const known = config.sip.peers.map(({ id }) => id);
  const stranger = question.peers.find((id) => !known.includes(id));
  if (stranger !== undefined) {
    complain(`${source}: there is no peer "${stranger}"; known: ${known.join(', ')}`);
    return exitCode.failure;
  }
  const explanation = explain(ruleBookOf(config), factsOf(question, config));
  if (json) print(JSON.stringify(jsonOf(explanation)));
  else for (const line of printExplanation(explanation)) print(line);
  return exitCode.done;
}

function factsOf(question: ExplainQuestion, config: Config): RuleFacts {
  const { direction, from, to, headers, callId } = question;
  const { emergency, outsideLine } = config.sip;
  const { country } = config.node;
  const isEmergency = emergencyNumbers({ numbers: emergency, country, outsideLine });
  const uri = parseUri(to.startsWith('urn:') ? to : `sip:${encodeURIComponent(to)}@host`);
  return {
    ...{ callId, direction, from, to, headers },
    ...peersOf(question, config),
    at: (question.at ?? Date.now()) as WallMs,
    extension: extensionOf(question),
    queue: queueOf(config.recording.queues, headers, presented({ country, outsideLine })),
    emergency: uri !== null && isEmergency(uri),
  };
}

/** Both sides where the given peers, or the routes, leave but one way; null: not known. */
function peersOf(
  { direction, peers }: ExplainQuestion,
  { sip }: Config,
): Pick<RuleFacts, 'callerPeer' | 'calleePeer'> {
  const sides = new Map(sip.peers.map((peer) => [peer.id, peer]));
  const ways = sip.routes.flatMap(({ from, to }) =>
    to.flatMap((id) => {
      const [caller, callee] = [sides.get(from), sides.get(id)];
      const fits =
        caller !== undefined &&
        callee !== undefined &&
        callDirection(caller, callee) === direction &&
        peers.every((named) => named === from || named === id);
      return fits ? [{ callerPeer: from, calleePeer: id }] : [];
    }),
  );
  const only = (ids: readonly string[]): string | null => {
    const [first = null, ...others] = new Set(ids);
    return others.length === 0 ? first : null;
  };
  return {
    callerPeer: only(ways.map(({ callerPeer }) => callerPeer)),
    calleePeer: only(ways.map(({ calleePeer }) => calleePeer)),
  };
}

function jsonOf({ decision, passedOver, sample }: Explanation): object {
  const wanted = decision.record ? decision : decision.why === 'on-demand' ? decision.onDemand : null;
  return {
    rule: decision.record ? decision.rule.id : decision.ruleId,
    recorded: decision.record ? 'automatic' : decision.why === 'on-demand' ? 'on-demand' : 'never',
    purpose: wanted?.purpose.id ?? null,
    legalBasis: wanted?.purpose.legalBasis ?? null,
    retentionSeconds: wanted === null ? null : wanted.retentionMs / 1000,
    samplePercent: sample,
    passedOver,
  };
}
