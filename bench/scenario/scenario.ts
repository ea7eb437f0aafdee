import { fork } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BenchNode, benchPorts, type RecordRule } from './bench-node.ts';
import type { LoadEvent, LoadFigures, LoadOptions } from './load-options.ts';

export interface ScenarioFigures extends LoadFigures {
  readonly name: string;
  readonly calls: number;
  readonly seconds: number;
  /** CPU of every process of the node while the calls talked, seconds. */
  readonly cpuSeconds: number;
  /** Per call: per cent of a core, and resident memory above the idle node, KiB. */
  readonly cpuPercentPerCall: number;
  readonly kibPerCall: number;
}

export interface ScenarioPlan {
  readonly name: string;
  readonly calls: number;
  readonly seconds: number;
  readonly record: RecordRule;
}

const here = dirname(fileURLToPath(import.meta.url));

/** Starts a node as a user would, loads it from another process, and reads what both cost. */
export async function runScenario(plan: ScenarioPlan): Promise<ScenarioFigures> {
  const node = await BenchNode.start(plan.record);
  try {
    const idleKib = node.residentKib();
    let before = 0;
    let after = 0;
    let busyKib = 0;
    const options = { ...benchPorts, calls: plan.calls, rate: 20, seconds: plan.seconds };
    const figures = await runLoad(options, () => {
      before = node.cpuSeconds();
      setTimeout(
        () => {
          after = node.cpuSeconds();
          busyKib = node.residentKib();
        },
        plan.seconds * 1000 - 50,
      );
    });
    const cpuSeconds = after - before;
    return {
      ...figures,
      name: plan.name,
      calls: plan.calls,
      seconds: plan.seconds,
      cpuSeconds,
      cpuPercentPerCall: (100 * cpuSeconds) / plan.seconds / plan.calls,
      kibPerCall: (busyKib - idleKib) / plan.calls,
    };
  } finally {
    await node.stop();
  }
}

function runLoad(options: LoadOptions, onUp: () => void): Promise<LoadFigures> {
  const load = fork(join(here, 'load.js'), [JSON.stringify(options)]);
  return new Promise((resolve, reject) => {
    load.on('message', (event: LoadEvent) => {
      if (event.type === 'up') onUp();
      else resolve(event.figures);
    });
    load.once('exit', (code) => {
      reject(new Error(`the load generator ended with code ${String(code)}`));
    });
  });
}
