import { runSipp } from '../sipp/sipp-load.ts';
import { startYardstick } from '../yardstick.ts';
import { BenchNode, type RecordRule } from './bench-node.ts';

export interface CallsPlan {
  readonly name: string;
  readonly record: RecordRule;
  /** New calls a second, in the order in which they are tried. */
  readonly rates: readonly number[];
  readonly seconds: number;
}

export interface CallsFigures {
  readonly name: string;
  readonly rate: number;
  readonly calls: number;
  readonly failed: number;
  /** Of these, answered 503 because the machine had no room. */
  readonly refused: number;
  readonly retransmissions: number;
  /** CPU milliseconds a call: of the thread that does signalling, and of every process of the node. */
  readonly signallingMs: number;
  readonly allMs: number;
  readonly recordingsLost: number;
  /** The yardstick at the same time. */
  readonly parseUs: number;
}

const holdMs = 200;

/**
 * Short calls through a built node, faster from step to step until one of them fails: SIPp on both sides, a hold
 * of 200 ms. The first step's worth of calls goes ahead of all to warm the node up.
 */
export async function runCalls(plan: CallsPlan): Promise<CallsFigures[]> {
  const node = await BenchNode.start(plan.record);
  try {
    const steps: CallsFigures[] = [];
    const { directory } = node;
    await runSipp({ directory, calls: 500, rate: 100, holdMs });
    for (const rate of plan.rates) {
      await node.quiet();
      const lost = await node.metric('onrecord_recordings_lost_total');
      const refused = await node.metric('onrecord_requests_refused_total');
      const before = { signalling: node.signallingSeconds(), all: node.cpuSeconds() };
      const parseUs = startYardstick();
      const load = await runSipp({ directory, calls: rate * plan.seconds, rate, holdMs });
      const meanwhileUs = parseUs();
      await node.quiet();
      const perCall = (seconds: number): number => (1000 * seconds) / (load.calls + load.failed);
      steps.push({
        ...{ name: plan.name, rate, calls: load.calls, failed: load.failed },
        refused: (await node.metric('onrecord_requests_refused_total')) - refused,
        retransmissions: load.retransmissions,
        signallingMs: perCall(node.signallingSeconds() - before.signalling),
        allMs: perCall(node.cpuSeconds() - before.all),
        parseUs: meanwhileUs,
        recordingsLost: (await node.metric('onrecord_recordings_lost_total')) - lost,
      });
      if (load.failed > 0) break;
    }
    return steps;
  } finally {
    await node.stop();
  }
}
