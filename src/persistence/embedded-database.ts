import { once } from 'node:events';
import { resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import { err, ok, type Result } from '../kernel/result.ts';
import { embeddedSocketPath } from './embedded-socket.ts';

/** What the worker is given. */
export interface EmbeddedWorkerData {
  readonly directory: string;
  readonly socketPath: string;
}

export type FromEmbeddedWorker =
  | { readonly type: 'ready' }
  | { readonly type: 'failed'; readonly message: string };

interface ToEmbeddedWorker {
  readonly type: 'close';
}

export interface EmbeddedDatabase {
  /** For `connectDatabase({ embedded })`. */
  readonly connection: { readonly socketPath: string };
  /** Resolves, with the reason, if the worker dies before `close`: the process should end and start again. */
  readonly died: Promise<string>;
  /** Writes everything out and ends the worker. Close the connections before. */
  close(): Promise<void>;
}

export interface EmbeddedFault {
  readonly code: 'embedded-database';
  readonly message: string;
}

export interface EmbeddedOptions {
  /** Below the data directory, for the database alone. One process at a time: the caller holds the lock. */
  readonly directory: string;
  /** Of the built `database.worker.js`. */
  readonly workerUrl: URL;
}

const closeTimeoutMs = 10_000;

/** Starts the embedded database in a worker thread; the first start fills the directory in a few seconds. */
export async function startEmbeddedDatabase(
  options: EmbeddedOptions,
): Promise<Result<EmbeddedDatabase, EmbeddedFault>> {
  const directory = resolve(options.directory);
  const socketPath = embeddedSocketPath(directory);
  const workerData: EmbeddedWorkerData = { directory, socketPath };
  const worker = new Worker(options.workerUrl, { workerData, name: 'database' });
  const died = deathOf(worker);
  const message = await Promise.race([firstMessage(worker), died]);
  if (message !== null) {
    await worker.terminate();
    return err(startFault(directory, message));
  }
  return ok({
    connection: { socketPath },
    died,
    close: () => closeWorker(worker),
  });
}

function startFault(directory: string, cause: string): EmbeddedFault {
  const message = `The embedded database in ${directory} did not start (${cause}): check that the directory may be written and has room, or name a PostgreSQL server in database.url.`;
  return { code: 'embedded-database', message };
}

/** Null when the worker is ready, else what it says is wrong. */
async function firstMessage(worker: Worker): Promise<string | null> {
  const [message] = (await once(worker, 'message')) as [FromEmbeddedWorker];
  return message.type === 'ready' ? null : message.message;
}

function deathOf(worker: Worker): Promise<string> {
  return new Promise((resolveDeath) => {
    worker.once('error', (error) => {
      resolveDeath(error instanceof Error ? error.message : String(error));
    });
    worker.once('exit', (code) => {
      resolveDeath(`exit ${code}`);
    });
  });
}

async function closeWorker(worker: Worker): Promise<void> {
  const exited = once(worker, 'exit');
  const close: ToEmbeddedWorker = { type: 'close' };
  worker.postMessage(close);
  const timer = setTimeout(() => void worker.terminate(), closeTimeoutMs);
  await exited;
  clearTimeout(timer);
}
