import { parentPort, workerData } from 'node:worker_threads';
import type { EmbeddedWorkerData, FromEmbeddedWorker } from '../../persistence/embedded-database.ts';
import { serveEmbedded } from '../../persistence/serve-embedded.ts';

const port = parentPort;
if (port === null) throw new Error('database.worker runs in a worker thread only');

const say = (message: FromEmbeddedWorker): void => {
  port.postMessage(message);
};

const { directory, socketPath } = workerData as EmbeddedWorkerData;

try {
  const server = await serveEmbedded(directory, socketPath);
  // The only message there is says `close`.
  port.once('message', () => {
    void server.close().then(() => {
      port.close();
    });
  });
  say({ type: 'ready' });
} catch (error) {
  say({ type: 'failed', message: error instanceof Error ? error.message : String(error) });
}
