import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ApiClient } from '../support/api-client.ts';
import { isAlive, killAll, processTree, waitUntil } from '../support/processes.ts';

const token = 'test-token-0123456789abcdefghijklmnopqrstuv';

/** A built node in a network namespace: `node dist/src/main.js start`. */
export class NodeWithin {
  readonly api: ApiClient;
  readonly #child: ChildProcess;
  readonly #output: () => string;

  private constructor(child: ChildProcess, api: ApiClient, output: () => string) {
    this.#child = child;
    this.api = api;
    this.#output = output;
  }

  static async start(directory: string, config: string, within: readonly string[]): Promise<NodeWithin> {
    const configFile = join(directory, 'onrecord.yaml');
    writeFileSync(configFile, config);
    const words = [...within.slice(1), process.execPath, resolve('dist/src/main.js')];
    const child = spawn(within[0]!, [...words, 'start', '--config', configFile], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ONRECORD_ADMIN_TOKEN: token },
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    const url = await waitUntil(
      'the node to be ready',
      () => {
        if (child.exitCode !== null) throw new Error(`the node ended with ${child.exitCode}:\n${stderr}`);
        return /^ONRECORD_READY\n.*"http":"([^"]+)"/m.exec(stdout)?.[1];
      },
      60_000,
    );
    return new NodeWithin(child, new ApiWithin(url, within), () => stdout + stderr);
  }

  get output(): string {
    return this.#output();
  }

  async stop(): Promise<void> {
    const all = processTree(this.#child.pid ?? 0);
    this.#child.kill('SIGTERM');
    try {
      await waitUntil('the node to end', () => all.every((pid) => !isAlive(pid)) || undefined, 30_000);
    } finally {
      killAll(all.filter(isAlive));
    }
  }
}

/** Asks from inside the namespace, as nothing outside reaches in: a status, a line's end, the body. */
const asker = `
  const [url, authorization] = process.argv.slice(1);
  const response = await fetch(url, { headers: { authorization } });
  process.stdout.write(response.status + '\\n');
  process.stdout.write(Buffer.from(await response.arrayBuffer()));
`;

class ApiWithin extends ApiClient {
  readonly #within: readonly string[];

  constructor(url: string, within: readonly string[]) {
    super(url, token);
    this.#within = within;
  }

  override request(path: string): Promise<Response> {
    const words = [
      ...this.#within.slice(1),
      ...[process.execPath, '--input-type=module', '-e', asker, `${this.url}${path}`, `Bearer ${token}`],
    ];
    return new Promise((done, failed) => {
      const bounds = { encoding: 'buffer', timeout: 30_000, maxBuffer: 2 ** 26 } as const;
      execFile(this.#within[0]!, words, bounds, (error, stdout) => {
        if (error !== null) {
          failed(new Error(`GET ${path}: ${error.message}`));
          return;
        }
        const end = stdout.indexOf(10);
        const status = Number(stdout.subarray(0, end).toString());
        done(new Response(new Uint8Array(stdout.subarray(end + 1)), { status }));
      });
    });
  }
}
