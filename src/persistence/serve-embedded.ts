import { mkdir, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { PGLiteSocketServer } from '@electric-sql/pglite-socket';
import { preparePrivateDirectory } from './embedded-socket.ts';

/** An embedded database that answers on a Unix socket. */
export interface EmbeddedServer {
  /** Ends connections, writes everything out and removes the socket. */
  close(): Promise<void>;
}

/**
 * Runs the embedded database in this thread, which it keeps busy while it computes. Sits behind a socket
 * in a directory that is this user's alone.
 */
export async function serveEmbedded(directory: string, socketPath: string): Promise<EmbeddedServer> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await preparePrivateDirectory(dirname(socketPath));
  // A killed process leaves its socket behind.
  await rm(socketPath, { force: true });
  const database = await PGlite.create({ dataDir: directory });
  const server = new PGLiteSocketServer({ db: database, path: socketPath, maxConnections: 4 });
  await server.start();
  return {
    close: async () => {
      await server.stop();
      await database.close();
      await rm(socketPath, { force: true });
    },
  };
}
