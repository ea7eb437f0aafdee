import { cpus } from 'node:os';
import { measure } from './measure.ts';
import { hostileCases } from './micro/hostile-cases.ts';
import { ladderCases } from './micro/ladder-cases.ts';
import { mediaCases } from './micro/media-cases.ts';
import { sealCases } from './micro/seal-cases.ts';
import { sipCases } from './micro/sip-cases.ts';
import { srtpCases } from './micro/srtp-cases.ts';
import {
  comparisonHead,
  comparisonRow,
  printCalls,
  printComparison,
  printMemory,
  printOperations,
  printRecorder,
  printScenarios,
  printSoak,
  soakRow,
} from './print.ts';
import { type CallsFigures, runCalls } from './scenario/calls.ts';
import { memoryFaults, runMemory } from './scenario/memory.ts';
import { compare, comparedNames, type Comparison, knownContestants, missing } from './scenario/compare.ts';
import { runRecorder } from './scenario/recorder.ts';
import { runScenarios } from './scenario/scenario.ts';
import { runSoak, soakFaults } from './scenario/soak.ts';

/**
 * `npm run bench` runs operations, scenario and calls; `npm run bench -- PART ...` those that are named, of
 * operations, sip, recorder, scenario, rtpengine, calls, memory and soak. Options stand in bench/README.md. Memory and soak end
 * with code 1 where something failed or is left.
 */
const words = process.argv.slice(2);
const json = words.includes('--json');
const numberAfter = (flag: string, otherwise: number): number => {
  const at = words.indexOf(flag);
  return at < 0 ? otherwise : Number(words[at + 1]);
};
const wordAfter = (flag: string): string | undefined => {
  const at = words.indexOf(flag);
  return at < 0 ? undefined : words[at + 1];
};
const parts = ['operations', 'sip', 'recorder', 'scenario', 'rtpengine', 'calls', 'memory', 'soak'] as const;
type Part = (typeof parts)[number];
const named = parts.filter((part) => words.includes(part));
const wanted: readonly Part[] = named.length > 0 ? named : ['operations', 'scenario', 'calls'];

const results: Partial<Record<Part, unknown>> = {};
const faults: string[] = [];
for (const part of wanted) {
  if (!json) console.log(`\n## ${part}\n`);
  results[part] = await run(part);
}
const machine = { cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length, node: process.version };
if (json) console.log(JSON.stringify({ machine, ...results, faults }, null, 2));
else console.log(`\n${machine.cores} cores of ${machine.cpu}, Node ${machine.node}`);
for (const fault of faults) console.error(`failed: ${fault}`);
process.exitCode = faults.length > 0 ? 1 : 0;

async function run(part: Part): Promise<unknown> {
  switch (part) {
    case 'operations': {
      // Loads the codecs, which no other part needs.
      const { codecCases } = await import('./micro/codec-cases.ts');
      const measured = [...mediaCases, ...codecCases, ...srtpCases, ...sealCases];
      return shown([...sipCases, ...ladderCases, ...hostileCases, ...measured].map(measure), printOperations);
    }
    case 'sip':
      return shown([...sipCases, ...ladderCases, ...hostileCases].map(measure), printOperations);
    case 'recorder': {
      const plan = { calls: numberAfter('--calls', 200), seconds: numberAfter('--seconds', 20) };
      return shown([await runRecorder('wav', plan), await runRecorder('mp3', plan)], printRecorder);
    }
    case 'scenario':
      return shown(
        await runScenarios({ calls: numberAfter('--calls', 50), seconds: numberAfter('--seconds', 20) }),
        printScenarios,
      );
    case 'rtpengine':
      return shown(await compared(), printComparison);
    case 'calls':
      return shown(await calls(), printCalls);
    case 'memory': {
      const figures = await runMemory(numberAfter('--calls', 10_000), numberAfter('--rate', 150));
      faults.push(...memoryFaults(figures));
      return shown(figures, printMemory);
    }
    case 'soak': {
      const plan = {
        minutes: numberAfter('--minutes', 30),
        rate: numberAfter('--rate', 20),
        record: words.includes('--never') ? 'never' : 'wav',
      } as const;
      const figures = await runSoak(plan, (sample) => {
        if (!json) console.log(soakRow(sample));
      });
      faults.push(...soakFaults(figures));
      return shown(figures, printSoak);
    }
  }
}

function shown<T>(figures: T, print: (figures: T) => void): T {
  if (!json) print(figures);
  return figures;
}

function compared(): Promise<Comparison> {
  const among = wordAfter('--among')?.split(',');
  const names =
    among === undefined ? comparedNames : knownContestants().filter((name) => among.includes(name));
  for (const name of names) {
    const absent = missing(name);
    if (absent !== null) console.error(absent);
  }
  const sizes = (wordAfter('--calls') ?? '200,400').split(',').map(Number);
  const plan = {
    names,
    calls: sizes,
    pairs: numberAfter('--pairs', 5),
    seconds: numberAfter('--seconds', 15),
  };
  if (!json) console.log(comparisonHead());
  return compare(plan, (run) => {
    if (!json) console.log(comparisonRow(run));
  });
}

async function calls(): Promise<CallsFigures[]> {
  const rate = numberAfter('--rate', 0);
  const steps = { rates: rate > 0 ? [rate] : [200, 400, 500, 600], seconds: numberAfter('--seconds', 10) };
  const recorded = { rates: rate > 0 ? [rate] : [25, 50, 100], seconds: steps.seconds };
  return [
    ...(await runCalls({ name: 'never', record: 'never', ...steps })),
    ...(await runCalls({ name: 'recorded (WAV)', record: 'wav', ...recorded })),
  ];
}
