import { describe, expect, it } from 'vitest';
import { createMeter, type MeterSample } from '../../src/kernel/meter.ts';
import { createMetricsPage } from '../../src/metrics/metrics-page.ts';
import { processMetrics } from '../../src/metrics/process-metrics.ts';

interface Page {
  readonly types: Map<string, string>;
  /** Name and labels as they stand, with the value. */
  readonly series: Map<string, number>;
}

/** Reads the text format by its own rules, line by line; anything it does not know is a fault of the page. */
function readPage(text: string): Page {
  const types = new Map<string, string>();
  const series = new Map<string, number>();
  expect(text.endsWith('\n')).toBe(true);
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('# HELP ')) continue;
    const type = /^# TYPE ([a-z_:][a-z0-9_:]*) (counter|gauge|histogram|summary)$/i.exec(line);
    if (type !== null) {
      expect(types.has(type[1]!), `two TYPE lines of ${type[1]!}`).toBe(false);
      types.set(type[1]!, type[2]!);
      continue;
    }
    const sample =
      /^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\[\\n"])*",?)*\})? (\S+)$/.exec(line);
    expect(sample, `not a line of the format: ${line}`).not.toBeNull();
    const key = sample![1]! + (sample![2] ?? '');
    expect(series.has(key), `twice: ${key}`).toBe(false);
    series.set(key, Number(sample![3]!.replace('Nan', 'NaN').replace('+Inf', 'Infinity')));
  }
  return { types, series };
}

function gauge(name: string, value: number, labels: Record<string, string> = {}): MeterSample {
  return { name, help: 'Help', type: 'gauge', labels, value };
}

function pageOf(nodes: Record<string, readonly MeterSample[] | null>, own: readonly MeterSample[] = []) {
  return createMetricsPage({
    own: () => own,
    nodes: {
      connected: () => Object.keys(nodes),
      samples: (nodeId) => Promise.resolve(nodes[nodeId] ?? null),
    },
  });
}

describe('/metrics', () => {
  it('shows counters, gauges and histograms of a meter, bucket by cumulative bucket', async () => {
    const meter = createMeter();
    meter.counter('onrecord_calls_total', 'Calls', { direction: 'inbound', outcome: 'success' }).add(3);
    meter.gauge('calls_active', 'Up', { direction: 'inbound' }).set(2);
    const delay = meter.histogram('onrecord_rtp_forward_delay_seconds', 'Delay', [0.001, 0.01]);
    for (const value of [0.0005, 0.0007, 0.005, 5]) delay.observe(value);
    const { types, series } = readPage(await pageOf({}, meter.snapshot())());
    expect(Object.fromEntries(types)).toEqual({
      onrecord_calls_total: 'counter',
      onrecord_calls_active: 'gauge',
      onrecord_rtp_forward_delay_seconds: 'histogram',
    });
    expect(Object.fromEntries(series)).toEqual({
      'onrecord_calls_total{direction="inbound",outcome="success"}': 3,
      'onrecord_calls_active{direction="inbound"}': 2,
      'onrecord_rtp_forward_delay_seconds_bucket{le="0.001"}': 2,
      'onrecord_rtp_forward_delay_seconds_bucket{le="0.01"}': 3,
      'onrecord_rtp_forward_delay_seconds_bucket{le="+Inf"}': 4,
      onrecord_rtp_forward_delay_seconds_sum: 5.0062,
      onrecord_rtp_forward_delay_seconds_count: 4,
    });
  });

  it('one node: its series stand as the contract names them, without a node label', async () => {
    const { series } = readPage(await pageOf({ 'edge-1': [gauge('onrecord_recordings_active', 4)] })());
    expect(series.get('onrecord_recordings_active')).toBe(4);
    expect(series.get('onrecord_node_metrics_fresh')).toBe(1);
  });

  it('several nodes: each has its label, and keeps it when the other is gone', async () => {
    const nodes: Record<string, MeterSample[]> = {
      a: [gauge('onrecord_recordings_active', 1)],
      b: [gauge('onrecord_recordings_active', 2)],
    };
    const page = pageOf(nodes, [gauge('onrecord_own', 9)]);
    const both = readPage(await page()).series;
    expect(both.get('onrecord_recordings_active{node="a"}')).toBe(1);
    expect(both.get('onrecord_recordings_active{node="b"}')).toBe(2);
    expect(both.get('onrecord_own')).toBe(9);
    delete nodes['b'];
    const one = readPage(await page()).series;
    expect(one.get('onrecord_recordings_active{node="a"}')).toBe(1);
    expect(one.get('onrecord_recordings_active{node="b"}')).toBeUndefined();
  });

  it('a node that is late: its last known values, and a series that says so', async () => {
    const nodes: Record<string, MeterSample[] | null> = { a: [gauge('onrecord_recordings_active', 7)] };
    const page = pageOf(nodes);
    await page();
    nodes['a'] = null;
    const { series } = readPage(await page());
    expect(series.get('onrecord_recordings_active')).toBe(7);
    expect(series.get('onrecord_node_metrics_fresh')).toBe(0);
  });

  it('the same series from two sources: counts add up, of a level the higher one stands', async () => {
    const count = (value: number): MeterSample => ({ ...gauge('onrecord_x_total', value), type: 'counter' });
    const buckets = (n: number): MeterSample => ({
      ...gauge('onrecord_h', n),
      type: 'histogram',
      sum: n,
      buckets: [{ le: 1, count: n }],
    });
    const page = pageOf({ a: [count(2), gauge('onrecord_g', 1), buckets(1)] }, [
      count(3),
      gauge('onrecord_g', 5),
      buckets(2),
    ]);
    const { series } = readPage(await page());
    expect(series.get('onrecord_x_total')).toBe(5);
    expect(series.get('onrecord_g')).toBe(5);
    expect(series.get('onrecord_h_bucket{le="1"}')).toBe(3);
    expect(series.get('onrecord_h_count')).toBe(3);
  });

  it('one name with two types stays one family', async () => {
    const counted: MeterSample = { ...gauge('onrecord_g', 2), type: 'counter' };
    const { types, series } = readPage(await pageOf({ a: [counted] }, [gauge('onrecord_g', 5)])());
    expect(types.get('onrecord_g')).toBe('gauge');
    expect(series.get('onrecord_g')).toBe(5);
  });

  it.each([
    ['a quote, a backslash and a line break in a label', 'a"b\\c\nd'],
    ['nothing in a label', ''],
  ])('%s does not break the page', async (_rule, value) => {
    const { series } = readPage(await pageOf({}, [gauge('onrecord_g', 1, { l: value })])());
    expect(series.size).toBe(1);
  });

  it('a help text with a line break and values beyond numbers do not break the page', async () => {
    const odd = { ...gauge('onrecord_g', Number.NaN), help: 'two\nlines' };
    const { series } = readPage(await pageOf({}, [odd, gauge('onrecord_i', Infinity)])());
    expect(series.get('onrecord_g')).toBeNaN();
    expect(series.get('onrecord_i')).toBe(Infinity);
  });

  it('with the process’ own metrics: no name ends in _total that is not a counter', async () => {
    const page = createMetricsPage({
      own: () => [gauge('onrecord_g', 1)],
      nodes: { connected: () => [], samples: () => Promise.resolve(null) },
      processMetrics: processMetrics(),
    });
    const { types, series } = readPage(await page());
    expect(series.get('onrecord_g')).toBe(1);
    expect(types.get('process_resident_memory_bytes')).toBe('gauge');
    const unclean = [...types].filter(([name, type]) => name.endsWith('_total') && type !== 'counter');
    expect(unclean).toEqual([]);
  });
});
