import type { BenchFigure } from './measure.ts';
import type { CallsFigures } from './scenario/calls.ts';
import type { MemoryFigures } from './scenario/memory.ts';
import type { ScenarioFigures } from './scenario/scenario.ts';
import type { SoakFigures, SoakSample } from './scenario/soak.ts';

type Cell = string | number;

function row(cells: readonly Cell[]): string {
  return `| ${cells.join(' | ')} |`;
}

function table(names: readonly string[], rows: readonly (readonly Cell[])[]): void {
  console.log([row(names), row(names.map(() => '---')), ...rows.map(row)].join('\n'));
}

export function printOperations(figures: readonly BenchFigure[]): void {
  table(
    ['operation', 'what', 'ns (CPU, median)', 'fastest - slowest'],
    figures.map(({ name, unit, nanoseconds, fastest, slowest }) => [
      ...[name, unit, nanoseconds.toFixed(0), `${fastest.toFixed(0)} - ${slowest.toFixed(0)}`],
    ]),
  );
}

export function printScenarios(figures: readonly ScenarioFigures[]): void {
  const names = ['scenario', 'calls', 'packets lost', 'delay p50 / p99 / p99.9 ms'];
  table(
    [...names, 'CPU % of a core a call', 'KiB a call'],
    figures.map((f) => [
      ...[f.name, `${f.callsUp} of ${f.calls}`, `${f.packetsSent - f.packetsReceived} of ${f.packetsSent}`],
      [f.delayP50, f.delayP99, f.delayP999].map((ms) => ms.toFixed(1)).join(' / '),
      ...[f.cpuPercentPerCall.toFixed(2), f.kibPerCall.toFixed(0)],
    ]),
  );
}

export function printCalls(figures: readonly CallsFigures[]): void {
  table(
    [
      ...['rule', 'calls a second', 'calls', 'failed', 'refused by us', 'recordings lost', 'sent again'],
      ...['ms of signalling a call', 'ms of all processes a call', 'us to parse an INVITE meanwhile'],
    ],
    figures.map((f) => [
      ...[f.name, f.rate, f.calls, f.failed, f.refused, f.recordingsLost, f.retransmissions],
      ...[f.signallingMs.toFixed(2), f.allMs.toFixed(2), f.parseUs.toFixed(1)],
    ]),
  );
}

export function printMemory({ calls, heap, resident, ...rest }: MemoryFigures): void {
  table(
    ['proxy, MB', 'before', `after ${calls} calls`, '40 s later'],
    [
      ['heap, collected', ...heap.map((mb) => mb.toFixed(1))],
      ['resident', ...resident.map((mb) => mb.toFixed(0))],
    ],
  );
  console.log(
    `\n${rest.failed} calls failed, ${rest.refused} of them refused by us; ${rest.transactions} transactions and ${rest.activeCalls} calls left`,
  );
}

export function soakRow(sample: SoakSample): string {
  const { minute, transactions, activeCalls } = sample;
  const memory = [sample.proxyHeap, sample.proxyResident, sample.controlHeap, sample.controlResident];
  return row([`minute ${minute}`, ...memory.map((mb) => `${mb.toFixed(1)} MB`), transactions, activeCalls]);
}

export function printSoak({ plan, samples, slopes, ...load }: SoakFigures): void {
  console.log();
  table(
    [
      ...['minute', 'proxy heap', 'proxy resident', 'control heap', 'control resident'],
      ...['transactions', 'calls'],
    ],
    [],
  );
  for (const sample of samples) console.log(soakRow(sample));
  console.log(
    `\n${load.calls} calls at ${plan.rate} a second, ${load.failed} failed (${load.refused} refused by us), ${load.retransmissions} messages sent again; ` +
      `heaps grow by ${slopes.proxy.toFixed(1)} (proxy) and ${slopes.control.toFixed(1)} (control) MB an hour`,
  );
}
