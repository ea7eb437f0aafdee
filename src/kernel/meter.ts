/** Label values of one series; values come from small closed sets, never from the network. */
export type Labels = Readonly<Record<string, string>>;

/** A monotonic count; hot paths hold it and call `add`, which touches one number. */
export interface Counter {
  add(amount?: number): void;
  readonly value: number;
}

/** A value that goes up and down. */
export interface Gauge {
  set(value: number): void;
}

/** A distribution over fixed bounds, in base units. */
export interface Histogram {
  observe(value: number): void;
}

/** One series as it crosses a thread or process border. Buckets are cumulative (Prometheus' form). */
export interface MeterSample {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly labels: Labels;
  readonly value: number;
  readonly buckets?: readonly { readonly le: number; readonly count: number }[];
  readonly sum?: number;
}

/** Where a stage registers what it counts. The same name and labels give the same series. */
export interface Meter {
  counter(name: string, help: string, labels?: Labels): Counter;
  gauge(name: string, help: string, labels?: Labels): Gauge;
  histogram(name: string, help: string, bounds: readonly number[], labels?: Labels): Histogram;
  snapshot(): MeterSample[];
}

class Series implements Counter, Gauge, Histogram {
  value = 0;
  sum = 0;
  readonly counts: Float64Array;
  readonly #bounds: readonly number[];

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.counts = new Float64Array(bounds.length);
  }

  add(amount = 1): void {
    this.value += amount;
  }

  set(value: number): void {
    this.value = value;
  }

  observe(value: number): void {
    this.value += 1;
    this.sum += value;
    for (let i = this.#bounds.length - 1; i >= 0; i--) {
      if (value > (this.#bounds[i] ?? 0)) break;
      this.counts[i] = (this.counts[i] ?? 0) + 1;
    }
  }
}

interface Registered {
  readonly name: string;
  readonly help: string;
  readonly type: MeterSample['type'];
  readonly labels: Labels;
  readonly bounds: readonly number[];
  readonly series: Series;
}

export function createMeter(): Meter {
  const registered = new Map<string, Registered>();
  const register = (entry: Omit<Registered, 'series'>): Series => {
    const key = `${entry.name} ${JSON.stringify(entry.labels)}`;
    const known = registered.get(key);
    if (known !== undefined) return known.series;
    const series = new Series(entry.bounds);
    registered.set(key, { ...entry, series });
    return series;
  };
  return {
    counter: (name, help, labels = {}) => register({ name, help, type: 'counter', labels, bounds: [] }),
    gauge: (name, help, labels = {}) => register({ name, help, type: 'gauge', labels, bounds: [] }),
    histogram: (name, help, bounds, labels = {}) =>
      register({ name, help, type: 'histogram', labels, bounds }),
    snapshot: () => Array.from(registered.values(), sampleOf),
  };
}

function sampleOf({ name, help, type, labels, bounds, series }: Registered): MeterSample {
  const sample = { name, help, type, labels, value: series.value };
  if (type !== 'histogram') return sample;
  const buckets = bounds.map((le, i) => ({ le, count: series.counts[i] ?? 0 }));
  return { ...sample, buckets, sum: series.sum };
}
