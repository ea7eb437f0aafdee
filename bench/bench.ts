import { cpus } from 'node:os';
import { type BenchFigure, measure } from './measure.ts';
import { hostileCases } from './micro/hostile-cases.ts';
import { mediaCases } from './micro/media-cases.ts';
import { sealCases } from './micro/seal-cases.ts';
import { sipCases } from './micro/sip-cases.ts';
import { runScenario, type ScenarioFigures, type ScenarioPlan } from './scenario/scenario.ts';

/**
 * `npm run bench` prints everything, `npm run bench -- operations` or `-- scenario` a part, `--json` the
 * same as JSON. Calls and seconds of the scenarios: `--calls 50 --seconds 20`.
 */
const words = process.argv.slice(2);
const json = words.includes('--json');
const numberAfter = (flag: string, otherwise: number): number => {
  const at = words.indexOf(flag);
  return at < 0 ? otherwise : Number(words[at + 1]);
};
const wants = (part: string): boolean =>
  words.includes(part) || !(words.includes('operations') || words.includes('scenario'));

const calls = numberAfter('--calls', 50);
const seconds = numberAfter('--seconds', 20);
const plans: readonly ScenarioPlan[] = [
  { name: 'relay', calls, seconds, record: 'never' },
  { name: 'relay + WAV, sealed', calls, seconds, record: 'wav' },
  { name: 'relay + MP3, sealed', calls, seconds, record: 'mp3' },
];

const operations: BenchFigure[] = wants('operations')
  ? [...sipCases, ...hostileCases, ...mediaCases, ...sealCases].map(measure)
  : [];
if (!json && operations.length > 0) printOperations(operations);

const scenarios: ScenarioFigures[] = [];
if (wants('scenario')) {
  for (const plan of plans) scenarios.push(await runScenario(plan));
  if (!json) printScenarios(scenarios);
}

const machine = { cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length, node: process.version };
if (json) console.log(JSON.stringify({ machine, operations, scenarios }, null, 2));
else console.log(`\n${machine.cores} cores of ${machine.cpu}, Node ${machine.node}`);

function printOperations(figures: readonly BenchFigure[]): void {
  console.log('| operation | what | ns (CPU, median) | fastest - slowest |\n|---|---|---|---|');
  for (const { name, unit, nanoseconds, fastest, slowest } of figures) {
    const row = [name, unit, nanoseconds, `${fastest.toFixed(0)} - ${slowest.toFixed(0)}`];
    console.log(`| ${row.map((cell) => (typeof cell === 'number' ? cell.toFixed(0) : cell)).join(' | ')} |`);
  }
}

function printScenarios(figures: readonly ScenarioFigures[]): void {
  console.log(
    '\n| scenario | calls | packets lost | delay p50 / p99 / p99.9 ms | CPU % of a core a call | KiB a call |\n|---|---|---|---|---|---|',
  );
  for (const f of figures) {
    const lost = `${f.packetsSent - f.packetsReceived} of ${f.packetsSent}`;
    const delay = [f.delayP50, f.delayP99, f.delayP999].map((ms) => ms.toFixed(1)).join(' / ');
    console.log(
      `| ${f.name} | ${f.callsUp} of ${f.calls} | ${lost} | ${delay} | ${f.cpuPercentPerCall.toFixed(2)} | ${f.kibPerCall.toFixed(0)} |`,
    );
  }
}
