import { setTimeout as sleep } from 'node:timers/promises';
import { runSipp } from '../sipp/sipp-load.ts';
import { BenchNode } from './bench-node.ts';

export interface MemoryFigures {
  readonly calls: number;
  readonly failed: number;
  /** Of these, answered 503 because the machine had no room. */
  readonly refused: number;
  /** Of the proxy process, MB: before, at once after the last call, and when all timers have run out. */
  readonly heap: readonly [floor: number, full: number, after: number];
  readonly resident: readonly [floor: number, full: number, after: number];
  readonly transactions: number;
  readonly activeCalls: number;
}

/** Timers B, F, H, J and D are 32 s (RFC 3261 §17); a little later nothing of a call may be there. */
const restMs = 40_000;
const holdMs = 200;
/** What a heap may differ by without meaning anything: code that was compiled, counters that were made. */
const toleranceMb = 5;

/** What is left of ten thousand calls. */
export async function runMemory(calls: number, rate: number): Promise<MemoryFigures> {
  const node = await BenchNode.start('never', { probed: true });
  const { directory, proxy } = node;
  try {
    const warmUp = await runSipp({ directory, calls: 1000, rate, holdMs });
    await sleep(restMs);
    const floor = await node.memory(proxy);
    const load = await runSipp({ directory, calls, rate, holdMs });
    const full = await node.memory(proxy);
    await sleep(restMs);
    const after = await node.memory(proxy);
    return {
      calls,
      failed: load.failed + warmUp.failed,
      refused: await node.metric('onrecord_requests_refused_total'),
      heap: [floor.heap, full.heap, after.heap],
      resident: [floor.resident, full.resident, after.resident],
      transactions: await node.metric('onrecord_sip_transactions_active'),
      activeCalls: await node.metric('onrecord_calls_active'),
    };
  } finally {
    await node.stop();
  }
}

export function memoryFaults({ failed, heap, transactions, activeCalls }: MemoryFigures): string[] {
  const grown = heap[2] - heap[0];
  return [
    ...(failed > 0 ? [`${failed} calls failed`] : []),
    ...(transactions > 0 ? [`${transactions} transactions are left`] : []),
    ...(activeCalls > 0 ? [`${activeCalls} calls are left`] : []),
    ...(grown > toleranceMb ? [`the heap has grown by ${grown.toFixed(1)} MB`] : []),
  ];
}
