import { totalmem } from 'node:os';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import type { Meter } from '../kernel/meter.ts';
import type { Pressure, Resource } from '../signalling/defence/overload-machine.ts';

export interface LoadProbeOptions {
  /** Share of the transactions that may be held. */
  readonly transactions: () => number;
  /** Resolves when every media worker has answered, or does not. */
  readonly media: () => Promise<unknown>;
  readonly feel: (pressure: Pressure) => void;
  readonly meter: Meter;
}

const intervalMs = 500;
/** What counts as 1, where running calls begin to suffer. */
const bearable = {
  /**
   * Busy share of the loop. Beyond it messages wait in the socket's buffer, where no delay of the loop shows them.
   */
  cpu: 0.95,
  /** Mean delay of the loop. T1 is 500 ms (RFC 3261 §17.1.1.1): who waits longer sends again. */
  delayMs: 100,
  heap: 0.85,
  memory: 0.9,
  transactions: 0.9,
  /** A media worker answers within 10 ms when it is well. */
  mediaMs: 250,
} as const;
const resolutionMs = 20;

/** Measures, twice a second, what the node runs out of, and says what it is shortest of. Returns the end of it. */
export function startLoadProbe(options: LoadProbeOptions): () => void {
  const loop = monitorEventLoopDelay({ resolution: resolutionMs });
  loop.enable();
  const smooth: Record<Resource, number> = { cpu: 0, delay: 0, memory: 0, transactions: 0, media: 0 };
  const gauges = Object.keys(smooth).map((resource) =>
    options.meter.gauge('onrecord_overload_pressure', 'How near a resource is to where calls suffer: 1', {
      resource,
    }),
  );
  let before = performance.eventLoopUtilization();
  const sample = async (): Promise<void> => {
    const now = performance.eventLoopUtilization();
    const cpu = performance.eventLoopUtilization(now, before).utilization / bearable.cpu;
    before = now;
    const delayMs = Math.max(0, loop.mean / 1e6 - resolutionMs);
    loop.reset();
    const asked = performance.now();
    await options.media();
    // The answer has waited for this thread's loop, too.
    const media = Math.max(0, performance.now() - asked - delayMs) / bearable.mediaMs;
    const transactions = options.transactions() / bearable.transactions;
    follow(smooth, { cpu, delay: delayMs / bearable.delayMs, memory: memoryPressure(), transactions, media });
    Object.values(smooth).forEach((value, i) => gauges[i]?.set(value));
    options.feel(worst(smooth));
  };
  let asking = false;
  const timer = setInterval(() => {
    if (asking) return;
    asking = true;
    void sample().finally(() => {
      asking = false;
    });
  }, intervalMs);
  timer.unref();
  return () => {
    clearInterval(timer);
    loop.disable();
  };
}

/** One busy moment is no overload: each value moves half the way. */
function follow(smooth: Record<Resource, number>, measured: Readonly<Record<Resource, number>>): void {
  for (const resource of Object.keys(smooth) as Resource[]) {
    const value = Number.isFinite(measured[resource]) ? measured[resource] : 0;
    smooth[resource] += (value - smooth[resource]) / 2;
  }
}

function worst(values: Readonly<Record<Resource, number>>): Pressure {
  const [resource, value] = (Object.entries(values) as [Resource, number][]).reduce((most, one) =>
    one[1] > most[1] ? one : most,
  );
  return { resource, value };
}

function memoryPressure(): number {
  const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
  const constrained = process.constrainedMemory();
  const available = constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
  return Math.max(used / limit / bearable.heap, process.memoryUsage.rss() / available / bearable.memory);
}
