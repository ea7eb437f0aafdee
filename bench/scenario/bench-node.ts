import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { commandOf, cpuSecondsOf, familyOf, onCore, residentKibOf, threadSecondsOf } from './processes.ts';

export type RecordRule = 'wav' | 'mp3' | 'never';

/** Where the node and its load generators listen; all on 127.0.0.1. */
export const benchPorts = {
  pbxListener: 45_060,
  trunkListener: 45_062,
  callerPort: 45_070,
  calleePort: 45_072,
  http: 45_080,
};

const here = dirname(fileURLToPath(import.meta.url));
const entry = join(here, '../../src/main.js');
const heapProbe = pathToFileURL(join(here, 'heap-probe.js')).href;
const stageProbe = pathToFileURL(join(here, 'stage-probe.js')).href;
const startWithinMs = 90_000;
const quietWithinSeconds = 30;
/** Of a core. */
const quietShare = 0.1;

/** A built node as a user would start it, and what it costs. */
export class BenchNode {
  readonly directory: string;
  readonly #child: ChildProcess;

  private constructor(directory: string, child: ChildProcess) {
    this.directory = directory;
    this.#child = child;
  }

  /**
   * `probed`: its heap can be measured, which costs a full collection each time. `core`: all its processes run
   * there alone.
   */
  static async start(
    record: RecordRule,
    options: { readonly probed?: boolean; readonly core?: number } = {},
  ): Promise<BenchNode> {
    const directory = mkdtempSync(join(tmpdir(), 'onrecord-bench-'));
    const file = join(directory, 'onrecord.yaml');
    writeFileSync(file, configOf(directory, record));
    const heap = options.probed === true ? ['--expose-gc', '--import', heapProbe] : [];
    const flags = [...heap, '--import', stageProbe];
    const node = [process.execPath, ...flags, entry, 'start', '--config', file];
    const [command = '', ...words] = options.core === undefined ? node : onCore(options.core, node);
    const child = spawn(command, words, {
      // What it complains of under load is counted, and would drown the tables.
      stdio: ['ignore', 'pipe', openSync(join(directory, 'node.log'), 'w')],
      cwd: directory,
      env: { ...process.env, BENCH_HEAP_DIRECTORY: directory, BENCH_STAGE_DIRECTORY: directory },
    });
    const started = new BenchNode(directory, child);
    try {
      await ready(child);
    } catch (error) {
      await started.stop();
      throw error;
    }
    return started;
  }

  /** The process that holds signalling and media. */
  get proxy(): number {
    return this.#role('proxy');
  }

  /** The process that holds records, API and the embedded database. */
  get control(): number {
    return this.#role('control');
  }

  #role(name: string): number {
    return this.#processes().find((pid) => commandOf(pid).includes(` ${name} `)) ?? 0;
  }

  #processes(): number[] {
    return familyOf(this.#child.pid ?? 0);
  }

  cpuSeconds(): number {
    return sum(this.#processes(), cpuSecondsOf);
  }

  /** CPU seconds by what threads do; `others`: those of V8 and of files. */
  stageSeconds(): Record<string, number> {
    const stages: Record<string, number> = {};
    let known = 0;
    for (const file of readdirSync(this.directory)) {
      const [, pid, thread] = /^stage-(\d+)-(\d+)$/.exec(file) ?? [];
      if (pid === undefined || thread === undefined) continue;
      const stage = readFileSync(join(this.directory, file), 'latin1');
      const seconds = threadSecondsOf(Number(pid), Number(thread));
      stages[stage] = (stages[stage] ?? 0) + seconds;
      known += seconds;
    }
    return { ...stages, others: Math.max(0, this.cpuSeconds() - known) };
  }

  /** Resolves when what earlier calls have left to store is stored: the node does next to nothing for a second. */
  async quiet(): Promise<void> {
    for (let second = 0; second < quietWithinSeconds; second++) {
      const before = this.cpuSeconds();
      await sleep(1000);
      if (this.cpuSeconds() - before < quietShare) return;
    }
  }

  signallingSeconds(): number {
    return threadSecondsOf(this.proxy);
  }

  residentKib(): number {
    return sum(this.#processes(), residentKibOf);
  }

  /** What a process of a probed node holds, MB: its heap after a full collection, and all that is resident. */
  async memory(pid: number): Promise<{ heap: number; resident: number }> {
    const file = join(this.directory, `heap-${pid}`);
    rmSync(file, { force: true });
    process.kill(pid, 'SIGUSR2');
    for (let waited = 0; !existsSync(file) || readFileSync(file, 'latin1') === ''; waited += 50) {
      if (waited > 10_000) throw new Error(`process ${pid} does not say what it holds`);
      await sleep(50);
    }
    return { heap: Number(readFileSync(file, 'latin1')) / 1e6, resident: residentKibOf(pid) / 1000 };
  }

  /** The sum of a metric over its labels. */
  async metric(name: string): Promise<number> {
    const page = await metricsPage();
    const values = page.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'gm'));
    return Array.from(values, ([, value]) => Number(value)).reduce((total, value) => total + value, 0);
  }

  /** A metric by the value of its one label. */
  async metricBy(name: string): Promise<Record<string, number>> {
    const page = await metricsPage();
    const values = page.matchAll(new RegExp(`^${name}\\{[^}]*="([^"]*)"\\} (\\S+)$`, 'gm'));
    return Object.fromEntries(Array.from(values, ([, label, value]) => [label ?? '', Number(value)]));
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode === null) {
      const ended = new Promise((resolve) => this.#child.once('exit', resolve));
      this.#child.kill('SIGTERM');
      await ended;
    }
    rmSync(this.directory, { recursive: true, force: true });
  }
}

async function metricsPage(): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${benchPorts.http}/metrics`);
  return response.text();
}

function sum(pids: readonly number[], value: (pid: number) => number): number {
  return pids.reduce((total, pid) => total + value(pid), 0);
}

function ready(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = '';
    const timer = setTimeout(() => {
      reject(new Error(`the node was not ready within ${startWithinMs} ms`));
    }, startWithinMs);
    child.stdout?.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      if (!output.includes('ONRECORD_READY')) return;
      clearTimeout(timer);
      resolve();
    });
    child.once('exit', (code) => {
      clearTimeout(timer);
      reject(new Error(`the node ended with code ${String(code)} before it was ready`));
    });
  });
}

function configOf(directory: string, record: RecordRule): string {
  const rule =
    record === 'never'
      ? '{ id: all, mode: never }'
      : `{ id: all, mode: automatic, purpose: quality, announce: elsewhere, told: "bench", format: ${record} }`;
  const { pbxListener, trunkListener, callerPort, calleePort, http } = benchPorts;
  return `
node: { id: bench, dataDir: ${join(directory, 'data')}, drainSeconds: 0 }
sip:
  listeners:
    - { id: pbx, transport: udp, address: 127.0.0.1, port: ${pbxListener} }
    - { id: trunk, transport: udp, address: 127.0.0.1, port: ${trunkListener} }
  peers:
    - { id: pbx, side: pbx, listener: pbx, match: [127.0.0.1/32], targets: ["sip:127.0.0.1:${callerPort}"] }
    - { id: carrier, side: trunk, listener: trunk, match: [127.0.0.1/32], targets: ["sip:127.0.0.1:${calleePort}"] }
  routes:
    - { from: pbx, to: [carrier] }
    - { from: carrier, to: [pbx] }
media: { address: 127.0.0.1, ports: 10000-44999 }
purposes: [{ id: quality, description: "bench", legalBasis: legitimate-interest, retention: 1d }]
recording: { rules: [${rule}] }
http: { address: 127.0.0.1, port: ${http} }
log: { level: error }
`;
}
