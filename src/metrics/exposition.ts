import { type Metric, Registry } from 'prom-client';
import type { Labels, MeterSample } from '../kernel/meter.ts';

/** One line of Prometheus' text. */
interface Line {
  readonly metricName: string;
  readonly labels: Record<string, string | number>;
  readonly value: number;
}

interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: MeterSample['type'];
  readonly series: Map<string, MeterSample>;
}

const prefix = 'onrecord_';

/** Prometheus' text format of these samples. Two of the same name and labels become one (see `merge`). */
export async function exposition(samples: readonly MeterSample[]): Promise<string> {
  const families = new Map<string, Family>();
  for (const sample of samples) addTo(families, sample);
  const registry = new Registry();
  for (const family of families.values()) registry.registerMetric(metricOf(family));
  return families.size === 0 ? '' : registry.metrics();
}

function addTo(families: Map<string, Family>, sample: MeterSample): void {
  const name = sample.name.startsWith(prefix) ? sample.name : prefix + sample.name;
  const { help, type } = sample;
  const family = families.get(name) ?? { name, help, type, series: new Map<string, MeterSample>() };
  families.set(name, family);
  // A name has one type; a second claim to it would make the page invalid.
  if (family.type !== type) return;
  const key = keyOf(sample.labels);
  const known = family.series.get(key);
  family.series.set(key, known === undefined ? sample : merge(known, sample));
}

function keyOf(labels: Labels): string {
  return JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Counts and distributions of two sources add up; of a level, the higher one is what an alarm wants to see. */
function merge(a: MeterSample, b: MeterSample): MeterSample {
  if (a.type === 'gauge') return { ...a, value: Math.max(a.value, b.value) };
  if (a.type === 'counter') return { ...a, value: a.value + b.value };
  const bounds = a.buckets ?? [];
  const same = bounds.length === b.buckets?.length && bounds.every(({ le }, i) => le === b.buckets?.[i]?.le);
  if (!same) return a;
  return {
    ...a,
    value: a.value + b.value,
    sum: (a.sum ?? 0) + (b.sum ?? 0),
    buckets: bounds.map(({ le, count }, i) => ({ le, count: count + (b.buckets?.[i]?.count ?? 0) })),
  };
}

/**
 * What prom-client asks of a metric in order to print it. Our counts live elsewhere, so that the hot path
 * never meets its objects; its own metrics cannot be given the buckets of a histogram.
 */
function metricOf({ name, help, type, series }: Family): Metric {
  const values = [...series.values()].flatMap((sample) => linesOf(name, sample));
  const metric = { name, get: () => Promise.resolve({ name, help, type, aggregator: 'sum', values }) };
  return metric as unknown as Metric;
}

function linesOf(name: string, { type, labels, value, buckets = [], sum = 0 }: MeterSample): Line[] {
  if (type !== 'histogram') return [{ metricName: name, labels: { ...labels }, value }];
  return [
    ...buckets.map(({ le, count }) => ({
      metricName: `${name}_bucket`,
      labels: { ...labels, le },
      value: count,
    })),
    { metricName: `${name}_bucket`, labels: { ...labels, le: '+Inf' }, value },
    { metricName: `${name}_sum`, labels: { ...labels }, value: sum },
    { metricName: `${name}_count`, labels: { ...labels }, value },
  ];
}
