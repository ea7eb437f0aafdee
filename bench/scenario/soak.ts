import { setTimeout as sleep } from 'node:timers/promises';
import { runSipp, type SippFigures } from '../sipp/sipp-load.ts';
import { BenchNode, type RecordRule } from './bench-node.ts';

export interface SoakPlan {
  readonly minutes: number;
  readonly rate: number;
  readonly record: RecordRule;
}

/** One row a minute; heaps after a full collection, MB. */
export interface SoakSample {
  readonly minute: number;
  readonly proxyHeap: number;
  readonly proxyResident: number;
  readonly controlHeap: number;
  readonly controlResident: number;
  readonly transactions: number;
  readonly activeCalls: number;
}

export interface SoakFigures extends SippFigures {
  readonly plan: SoakPlan;
  /** Of the failed, answered 503 because the machine had no room. */
  readonly refused: number;
  readonly samples: readonly SoakSample[];
  /** Of the proxy's and the control process's heap over the second half, MB an hour. */
  readonly slopes: { readonly proxy: number; readonly control: number };
}

const holdMs = 3000;
const minuteMs = 60_000;
/** A leak of one object a call would be some 40 MB an hour at twenty calls a second. */
const flatMbPerHour = 20;

/** The same load for a long time: what grows, and what fails. */
export async function runSoak(plan: SoakPlan, say: (sample: SoakSample) => void): Promise<SoakFigures> {
  const node = await BenchNode.start(plan.record, { probed: true });
  const { directory } = node;
  try {
    const calls = plan.minutes * 60 * plan.rate;
    const load = runSipp({ directory, calls, rate: plan.rate, holdMs });
    const samples: SoakSample[] = [];
    for (let minute = 1; minute <= plan.minutes; minute++) {
      const over = await Promise.race([sleep(minuteMs).then(() => false), load.then(() => true)]);
      const sample = await sampleOf(node, minute);
      samples.push(sample);
      say(sample);
      if (over) break;
    }
    const figures = await load;
    const half = samples.slice(Math.floor(samples.length / 2));
    const slopes = {
      proxy: slopePerHour(half.map(({ proxyHeap }) => proxyHeap)),
      control: slopePerHour(half.map(({ controlHeap }) => controlHeap)),
    };
    const refused = await node.metric('onrecord_requests_refused_total');
    return { ...figures, refused, plan, samples, slopes };
  } finally {
    await node.stop();
  }
}

async function sampleOf(node: BenchNode, minute: number): Promise<SoakSample> {
  const [proxy, control] = [await node.memory(node.proxy), await node.memory(node.control)];
  return {
    minute,
    ...{ proxyHeap: proxy.heap, proxyResident: proxy.resident },
    ...{ controlHeap: control.heap, controlResident: control.resident },
    transactions: await node.metric('onrecord_sip_transactions_active'),
    activeCalls: await node.metric('onrecord_calls_active'),
  };
}

/** Least squares over samples a minute apart. */
function slopePerHour(values: readonly number[]): number {
  const count = values.length;
  if (count < 2) return 0;
  const middle = (count - 1) / 2;
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  const rise = values.reduce((sum, value, at) => sum + (at - middle) * (value - mean), 0);
  const run = values.reduce((sum, _, at) => sum + (at - middle) ** 2, 0);
  return (60 * rise) / run;
}

export function soakFaults({ failed, slopes, samples }: SoakFigures): string[] {
  // Two samples of a short soak say nothing of a slope.
  const steep =
    samples.length < 10 ? [] : Object.entries(slopes).filter(([, slope]) => slope > flatMbPerHour);
  return [
    ...(failed > 0 ? [`${failed} calls failed`] : []),
    ...steep.map(
      ([role, slope]) => `the heap of the ${role} process grows by ${slope.toFixed(1)} MB an hour`,
    ),
  ];
}
