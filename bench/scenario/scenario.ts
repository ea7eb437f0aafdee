import { type ChildProcess, fork, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
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
  readonly record: 'wav' | 'mp3' | 'never';
}

const here = dirname(fileURLToPath(import.meta.url));
const entry = join(here, '../../src/main.js');
const ports = {
  pbxListener: 45_060,
  trunkListener: 45_062,
  callerPort: 45_070,
  calleePort: 45_072,
  http: 45_080,
};
const startWithinMs = 30_000;

/** Starts a node as a user would, loads it from another process, and reads what both cost. */
export async function runScenario(plan: ScenarioPlan): Promise<ScenarioFigures> {
  const directory = mkdtempSync(join(tmpdir(), 'onrecord-bench-'));
  const node = await startNode(directory, plan);
  try {
    const pids = familyOf(node.pid ?? 0);
    const idleKib = sumOver(pids, residentKib);
    let before = 0;
    let after = 0;
    let busyKib = 0;
    const figures = await runLoad({ ...ports, calls: plan.calls, rate: 20, seconds: plan.seconds }, () => {
      before = sumOver(pids, cpuSecondsOf);
      setTimeout(
        () => {
          after = sumOver(pids, cpuSecondsOf);
          busyKib = sumOver(pids, residentKib);
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
    await stop(node);
    rmSync(directory, { recursive: true, force: true });
  }
}

function configOf(directory: string, record: ScenarioPlan['record']): string {
  const rule =
    record === 'never'
      ? '{ id: all, mode: never }'
      : `{ id: all, mode: automatic, purpose: quality, announce: elsewhere, told: "bench", format: ${record} }`;
  return `
node: { id: bench, dataDir: ${join(directory, 'data')}, drainSeconds: 0 }
sip:
  listeners:
    - { id: pbx, transport: udp, address: 127.0.0.1, port: ${ports.pbxListener} }
    - { id: trunk, transport: udp, address: 127.0.0.1, port: ${ports.trunkListener} }
  peers:
    - { id: pbx, side: pbx, listener: pbx, match: [127.0.0.1/32], targets: ["sip:127.0.0.1:${ports.callerPort}"] }
    - { id: carrier, side: trunk, listener: trunk, match: [127.0.0.1/32], targets: ["sip:127.0.0.1:${ports.calleePort}"] }
  routes:
    - { from: pbx, to: [carrier] }
    - { from: carrier, to: [pbx] }
media: { address: 127.0.0.1, ports: 22000-29999 }
purposes: [{ id: quality, description: "bench", legalBasis: legitimate-interest, retention: 1d }]
recording: { rules: [${rule}] }
http: { address: 127.0.0.1, port: ${ports.http} }
log: { level: error }
`;
}

async function startNode(directory: string, plan: ScenarioPlan): Promise<ChildProcess> {
  const file = join(directory, 'onrecord.yaml');
  writeFileSync(file, configOf(directory, plan.record));
  const node = spawn(process.execPath, [entry, 'start', '--config', file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise<void>((resolve, reject) => {
    let output = '';
    const timer = setTimeout(() => {
      reject(new Error(`the node was not ready within ${startWithinMs} ms`));
    }, startWithinMs);
    node.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      if (!output.includes('ONRECORD_READY')) return;
      clearTimeout(timer);
      resolve();
    });
    node.once('exit', (code) => {
      clearTimeout(timer);
      reject(new Error(`the node ended with code ${String(code)} before it was ready`));
    });
  });
  return node;
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

function stop(node: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (node.exitCode !== null) {
      resolve();
      return;
    }
    node.once('exit', () => {
      resolve();
    });
    node.kill('SIGTERM');
  });
}

function sumOver(pids: readonly number[], value: (pid: number) => number): number {
  return pids.reduce((total, pid) => total + value(pid), 0);
}

/** A process and its descendants, by /proc. */
function familyOf(root: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    if (/^\d+$/.test(name)) parents.set(Number(name), Number(statOf(Number(name))[1] ?? 0));
  }
  const family = [root];
  for (const member of family) {
    for (const [pid, parent] of parents) if (parent === member) family.push(pid);
  }
  return family;
}

/** Fields of /proc/PID/stat from the third on. */
function statOf(pid: number): string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return [];
  }
}

/** User and system time in clock ticks of 10 ms. */
function cpuSecondsOf(pid: number): number {
  const fields = statOf(pid);
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / 100;
}

function residentKib(pid: number): number {
  return Number(statOf(pid)[21] ?? 0) * 4;
}
