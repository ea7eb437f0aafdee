import type { BenchFigure } from './measure.ts';
import type { CallsFigures } from './scenario/calls.ts';
import type { CompareRun, Comparison } from './scenario/compare.ts';
import type { MediaRun } from './scenario/media-run.ts';
import type { MemoryFigures } from './scenario/memory.ts';
import type { RecorderFigures } from './scenario/recorder.ts';
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
  table(
    runNames,
    figures.map((f) => runCells(f.name, f)),
  );
}

export function printRecorder(figures: readonly RecorderFigures[]): void {
  table(
    [
      ...['recordings', 'calls', 'CPU us a packet'],
      ...['KiB a call: heap', 'outside of it, MP3 encoders booked', 'resident'],
    ],
    figures.map((f) => [
      ...[f.format, f.calls, f.cpuPerPacketUs.toFixed(1)],
      ...[f.heapKib, f.outsideKib, f.residentKib].map((kib) => kib.toFixed(0)),
    ]),
  );
}

const runNames = [
  ...['who', 'calls', 'packets lost', 'delay p50 / p99 / p99.9 ms', 'CPU us a packet'],
  ...['CPU % of a core', 'idle %', 'KiB a call', 'CPU us a packet by part', 'its own counts'],
];

function runCells(name: string, run: MediaRun): Cell[] {
  const counts = Object.entries(run.counts).filter(([, count]) => count > 0);
  return [
    ...[name, `${run.callsUp} of ${run.calls}`],
    `${run.packetsSent - run.packetsReceived} of ${run.packetsSent}`,
    [run.delayP50, run.delayP99, run.delayP999].map((ms) => ms.toFixed(2)).join(' / '),
    ...[run.cpuPerPacketUs.toFixed(1), ((100 * run.cpuSeconds) / run.seconds).toFixed(1)],
    ...[run.idlePercent.toFixed(1), run.kibPerCall.toFixed(0)],
    Object.entries(run.stages)
      .filter(([, us]) => us >= 0.05)
      .map(([stage, us]) => `${stage} ${us.toFixed(1)}`)
      .join(', '),
    counts.map(([what, count]) => `${what} ${count}`).join(', '),
  ];
}

export function comparisonHead(): string {
  const names = ['pair', 'load', ...runNames];
  return [row(names), row(names.map(() => '---'))].join('\n');
}

export function comparisonRow(run: CompareRun): string {
  return row([run.pair, run.load.toFixed(1), ...runCells(run.name, run)]);
}

export function printComparison({ runs, ratios }: Comparison): void {
  console.log();
  table(
    ['CPU', 'calls', 'median', 'of each pair', 'goal'],
    ratios.map(({ what, calls, median, all, goal }) => [
      ...[what, calls, median.toFixed(2), all.map((one) => one.toFixed(2)).join(' ')],
      goal === null ? '' : `${goal.toFixed(2)}: ${median <= goal ? 'met' : 'missed'}`,
    ]),
  );
  for (const { name, calls, pair, doubts } of runs) {
    for (const doubt of doubts) console.log(`${name}, ${calls} calls, pair ${pair}: ${doubt}`);
  }
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
