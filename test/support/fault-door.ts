import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { waitUntil } from './processes.ts';

/** `fault`: what a native one does, the end of the process at once. */
export type Fault = 'throw' | 'heap' | 'fault';

/** Who is struck: one thread of the kind, whichever sees it first, or the process of a role. */
export type Struck = 'media' | 'recording' | 'proxy' | 'control';

/**
 * Loaded into the node's processes and threads by `--import`, so that the product has no door for it: a file with
 * the name of whom and how, and the first that finds it takes it away and suffers it.
 */
const door = `
import { renameSync } from 'node:fs';
import { isMainThread, threadId, workerData } from 'node:worker_threads';
const kind = isMainThread ? process.argv[2]
  : workerData?.spoolDirectory !== undefined ? 'recording'
  : workerData?.portRestMs !== undefined ? 'media' : 'other';
const faults = {
  throw: () => { throw new Error('struck by a test'); },
  heap: () => { const kept = []; for (;;) kept.push(new Array(1e6).fill(kept.length + 0.5)); },
  fault: () => { process.kill(process.pid, 'SIGKILL'); },
};
setInterval(() => {
  for (const [name, suffer] of Object.entries(faults)) {
    const file = process.env.FAULT_DIRECTORY + '/' + kind + '-' + name;
    try { renameSync(file, file + '-' + process.pid + '-' + threadId); } catch { continue; }
    suffer();
  }
}, 20).unref();
`;

export class FaultDoor {
  readonly env: Readonly<Record<string, string>>;
  readonly #directory: string;

  /** Makes a folder of its own in `directory`. */
  constructor(directory: string) {
    this.#directory = join(directory, 'faults');
    mkdirSync(this.#directory);
    const file = join(this.#directory, 'door.mjs');
    writeFileSync(file, door);
    this.env = { NODE_OPTIONS: `--import=${file}`, FAULT_DIRECTORY: this.#directory };
  }

  /** Resolves when it is on its way, with the id of the process. */
  async strike(who: Struck, how: Fault): Promise<number> {
    const file = join(this.#directory, `${who}-${how}`);
    // A whole file at once: nobody finds half of one.
    writeFileSync(`${file}.new`, '');
    renameSync(`${file}.new`, file);
    const taken = await waitUntil(
      `a ${who} to be struck`,
      () => readdirSync(this.#directory).find((name) => name.startsWith(`${who}-${how}-`)),
      30_000,
    );
    rmSync(join(this.#directory, taken));
    return Number(taken.split('-')[2]);
  }
}
