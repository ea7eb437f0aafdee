import { describe, expect, it } from 'vitest';
import { createMeter } from '../../src/kernel/meter.ts';

describe('the meter', () => {
  it('the same name and labels give the same series, other labels another', () => {
    const meter = createMeter();
    meter.counter('x_total', 'X', { a: '1' }).add();
    meter.counter('x_total', 'X', { a: '1' }).add(2);
    meter.counter('x_total', 'X', { a: '2' }).add(5);
    expect(meter.snapshot().map(({ labels, value }) => [labels['a'], value])).toEqual([
      ['1', 3],
      ['2', 5],
    ]);
  });

  it('a gauge shows the last value', () => {
    const meter = createMeter();
    const gauge = meter.gauge('g', 'G');
    gauge.set(5);
    gauge.set(-1);
    expect(meter.snapshot()).toEqual([{ name: 'g', help: 'G', type: 'gauge', labels: {}, value: -1 }]);
  });

  it.each([
    ['below the first bound', 0.5, [1, 1, 1]],
    ['on a bound counts in it: `le`', 1, [1, 1, 1]],
    ['between two', 1.5, [0, 1, 1]],
    ['on the last', 3, [0, 0, 1]],
    ['above all, it is in the count alone', 4, [0, 0, 0]],
  ])('a histogram’s buckets are cumulative: %s', (_rule, value, counts) => {
    const meter = createMeter();
    meter.histogram('h', 'H', [1, 2, 3]).observe(value);
    const [sample] = meter.snapshot();
    expect(sample?.buckets?.map(({ count }) => count)).toEqual(counts);
    expect([sample?.value, sample?.sum]).toEqual([1, value]);
  });

  it('what is shown does not change afterwards', () => {
    const meter = createMeter();
    const counter = meter.counter('x_total', 'X');
    const before = meter.snapshot();
    counter.add();
    expect(before[0]?.value).toBe(0);
    expect(counter.value).toBe(1);
  });
});
