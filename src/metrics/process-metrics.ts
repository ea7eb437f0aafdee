import { collectDefaultMetrics, Registry } from 'prom-client';

/** `_total` on a gauge: promtool refuses these names. */
const unclean = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
];

/** The control process' own memory, CPU, handles and garbage collection, in Prometheus' text. */
export function processMetrics(): () => Promise<string> {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const name of unclean) registry.removeSingleMetric(name);
  return () => registry.metrics();
}
