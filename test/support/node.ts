import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApiClient } from './api-client.ts';
import { placeDatabase } from './made-database.ts';
import { packageDirectory } from './package-directory.ts';
import { isAlive, killAll, processTree, waitUntil } from './processes.ts';

const entry = join(packageDirectory, 'dist/src/main.js');
const readyWithinMs = 60_000;

export interface NodePlan {
  /** The configuration, as YAML. */
  readonly config: string;
  /** Where configuration and data lie; absent: a new temporary folder. */
  readonly directory?: string;
  readonly token?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The line after `ONRECORD_READY`. */
interface ReadyLine {
  readonly sip: readonly string[];
  readonly http: string;
}

/** A folder of its own for one test's node. */
export function temporaryDirectory(): string {
  return mkdtempSync(join(tmpdir(), 'onrecord-test-'));
}

export function removeDirectory(directory: string): void {
  rmSync(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}

/** A built node under test: `node dist/src/main.js start`. */
export class RunningNode {
  readonly directory: string;
  readonly configFile: string;
  readonly token: string;
  readonly api: ApiClient;
  readonly ready: ReadyLine;
  readonly #child: ChildProcess;
  readonly #output: Output;

  private constructor(plan: Required<NodePlan>, child: ChildProcess, output: Output, ready: ReadyLine) {
    this.directory = plan.directory;
    this.configFile = join(plan.directory, 'onrecord.yaml');
    this.token = plan.token;
    this.ready = ready;
    this.api = new ApiClient(ready.http, plan.token);
    this.#child = child;
    this.#output = output;
  }

  /** Starts a node and waits until it says that it is ready. */
  static async start(given: NodePlan): Promise<RunningNode> {
    const plan = {
      token: 'test-token-0123456789abcdefghijklmnopqrstuv',
      env: {},
      directory: given.directory ?? temporaryDirectory(),
      ...given,
    };
    const configFile = join(plan.directory, 'onrecord.yaml');
    writeFileSync(configFile, plan.config);
    placeDatabase(plan.directory, plan.config);
    const child = launch(['start', '--config', configFile], {
      ONRECORD_ADMIN_TOKEN: plan.token,
      ...plan.env,
    });
    const output = collect(child);
    try {
      const ready = await waitUntil(
        'the node to be ready',
        () => {
          if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`);
          return readyLineOf(output.stdout);
        },
        readyWithinMs,
      );
      return new RunningNode(plan, child, output, ready);
    } catch (error) {
      killAll(processTree(child.pid ?? 0));
      const why =
        /^onrecord: (.*)$/m.exec(output.stderr)?.[1] ?? (error instanceof Error ? error.message : error);
      throw new Error(`the node did not start: ${String(why)}\n${output.stdout}${output.stderr}`);
    }
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get output(): string {
    return this.#output.stdout + this.#output.stderr;
  }

  /** Every process of the node, the supervisor first. */
  processes(): number[] {
    return processTree(this.pid);
  }

  /** SIGTERM, then its exit code. */
  async stop(): Promise<number | null> {
    const all = this.processes();
    this.#child.kill('SIGTERM');
    const code = await exitOf(this.#child, 30_000);
    const left = all.filter(isAlive);
    killAll(left);
    if (left.length > 0) throw new Error(`processes ${left.join(', ')} outlived the node:\n${this.output}`);
    return code;
  }

  /** `kill -9` of the supervisor and of all that descend from it, database included. */
  async kill(): Promise<void> {
    const all = this.processes();
    killAll(all);
    await waitUntil('every process to be gone', () => all.every((pid) => !isAlive(pid)) || undefined);
  }

  /** Runs another command of the product with this node's configuration. */
  run(...words: readonly string[]): Promise<Finished> {
    return runProduct([...words, '--config', this.configFile]);
  }
}

/** Runs one command of the product to its end. */
export async function runProduct(
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
  timeoutMs = 30_000,
): Promise<Finished> {
  const child = launch(words, env);
  const output = collect(child);
  const code = await exitOf(child, timeoutMs);
  return { code, ...output };
}

function launch(words: readonly string[], env: Readonly<Record<string, string>>): ChildProcess {
  return spawn(process.execPath, [entry, ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
}

interface Output {
  stdout: string;
  stderr: string;
}

function collect(child: ChildProcess): Output {
  const output = { stdout: '', stderr: '' };
  child.stdout?.on('data', (chunk: Buffer) => {
    output.stdout += chunk.toString();
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    output.stderr += chunk.toString();
  });
  return output;
}

async function exitOf(child: ChildProcess, timeoutMs: number): Promise<number | null> {
  const all = processTree(child.pid ?? 0);
  try {
    await waitUntil(
      'the process to end',
      () => child.exitCode !== null || child.signalCode !== null || undefined,
      timeoutMs,
    );
  } catch (error) {
    killAll(all);
    throw error;
  }
  return child.exitCode;
}

function readyLineOf(stdout: string): ReadyLine | undefined {
  const line = /^ONRECORD_READY\n(.+)\n/m.exec(stdout)?.[1];
  return line === undefined ? undefined : (JSON.parse(line) as ReadyLine);
}
