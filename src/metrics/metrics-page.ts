import type { MeterSample } from '../kernel/meter.ts';
import { exposition } from './exposition.ts';

/** The proxies, as far as a scrape needs them. */
interface MetricsNodes {
  /** Names of those that are connected. */
  connected(): readonly string[];
  /** Null: it did not answer in time. */
  samples(nodeId: string, withinMs: number): Promise<readonly MeterSample[] | null>;
}

export interface MetricsPageOptions {
  /** What the control process itself counts. */
  readonly own: () => readonly MeterSample[];
  readonly nodes: MetricsNodes;
  /** Further text in the same format, whose names do not meet ours. */
  readonly processMetrics?: () => Promise<string>;
  /** A scrape waits no longer than this for a node, milliseconds. */
  readonly nodeWithinMs?: number;
}

/** Less than the proxy's own wait for its workers and the usual scrape timeout of 10 s allow. */
const usualWithinMs = 1500;

export const metricsContentType = 'text/plain; version=0.0.4; charset=utf-8';

/**
 * Gives the page of `/metrics`. With one node its series have no `node` label; from the first time a
 * second one is seen on, every node's series have, and keep it.
 */
export function createMetricsPage(options: MetricsPageOptions): () => Promise<string> {
  const withinMs = options.nodeWithinMs ?? usualWithinMs;
  const last = new Map<string, readonly MeterSample[]>();
  const seen = new Set<string>();

  const ask = async (nodeId: string): Promise<readonly MeterSample[]> => {
    const samples = await options.nodes.samples(nodeId, withinMs);
    if (samples !== null) last.set(nodeId, samples);
    const up = { name: 'onrecord_node_metrics_fresh', type: 'gauge' } as const;
    const help = 'Whether the node answered this scrape; 0: its last known values are shown';
    return [...(last.get(nodeId) ?? []), { ...up, help, labels: {}, value: samples === null ? 0 : 1 }];
  };
  return async () => {
    const nodes = options.nodes.connected();
    for (const nodeId of nodes) seen.add(nodeId);
    // Who is gone shows no stale values: Prometheus marks its series as ended.
    for (const nodeId of last.keys()) if (!nodes.includes(nodeId)) last.delete(nodeId);
    const answers = await Promise.all(
      nodes.map(async (nodeId) => {
        const samples = await ask(nodeId);
        return seen.size === 1 ? samples : samples.map((sample) => withNode(sample, nodeId));
      }),
    );
    const ours = await exposition([...options.own(), ...answers.flat()]);
    const process = (await options.processMetrics?.()) ?? '';
    return ours + process;
  };
}

function withNode(sample: MeterSample, node: string): MeterSample {
  return { ...sample, labels: { ...sample.labels, node } };
}
