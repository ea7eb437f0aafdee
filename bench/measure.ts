/** One operation to time. `setUp` runs once and gives the function that is timed. */
export interface BenchCase {
  readonly name: string;
  /** What one operation is, for the table: "one INVITE with SDP". */
  readonly unit: string;
  setUp(): () => void;
}

export interface BenchFigure {
  readonly name: string;
  readonly unit: string;
  readonly nanoseconds: number;
  readonly fastest: number;
  readonly slowest: number;
}

const rounds = 9;
const roundMs = 60;

/** CPU time an operation, not wall time: median of nine rounds of about 60 ms, after a warm-up. */
export function measure(benchCase: BenchCase): BenchFigure {
  const run = benchCase.setUp();
  const perRound = calibrate(run);
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) times.push(timeRound(run, perRound));
  times.sort((a, b) => a - b);
  return {
    name: benchCase.name,
    unit: benchCase.unit,
    nanoseconds: times[Math.floor(rounds / 2)] ?? 0,
    fastest: times[0] ?? 0,
    slowest: times.at(-1) ?? 0,
  };
}

function calibrate(run: () => void): number {
  let count = 1;
  for (;;) {
    const started = performance.now();
    for (let i = 0; i < count; i++) run();
    if (performance.now() - started > roundMs) return count;
    count *= 2;
  }
}

function timeRound(run: () => void, count: number): number {
  const before = process.cpuUsage();
  for (let i = 0; i < count; i++) run();
  const { user, system } = process.cpuUsage(before);
  return ((user + system) * 1000) / count;
}
