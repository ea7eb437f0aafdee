import { type ChildProcess, spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onCore } from '../scenario/processes.ts';
import type { LoadEvent, LoadFigures, LoadOptions, PortsOfCall } from './load-options.ts';

/** What the bench does as the load goes on. */
export interface LoadListener {
  /** Where the parties of each call are to send; only where calls are told, not signalled. */
  parties?(ports: readonly PortsOfCall[]): Promise<readonly PortsOfCall[]>;
  /** All calls that will be up are; measuring begins, and is over. */
  up(): void;
  measured(): void;
}

/** The generator's core: whoever relays has the other one to itself. */
const generatorCore = 1;

/** Runs the generator to its end. Rejects where it fails; figures that it could not make itself are said by `doubts`. */
export function runLoad(options: LoadOptions, listener: LoadListener): Promise<LoadFigures> {
  const file = join(dirname(fileURLToPath(import.meta.url)), 'load.js');
  const [command, ...words] = onCore(generatorCore, [process.execPath, file, JSON.stringify(options)]);
  const load = spawn(command ?? '', words, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  return new Promise((resolve, reject) => {
    load.on('message', (event: LoadEvent) => {
      if (event.type === 'parties') void answerParties(load, listener, event.ports);
      else if (event.type === 'up') listener.up();
      else if (event.type === 'measured') listener.measured();
      else resolve(event.figures);
    });
    load.once('error', reject);
    load.once('exit', (code) => {
      reject(new Error(`the load generator ended with code ${String(code)}`));
    });
  });
}

async function answerParties(
  load: ChildProcess,
  listener: LoadListener,
  ports: readonly PortsOfCall[],
): Promise<void> {
  load.send((await listener.parties?.(ports)) ?? []);
}

/** Why figures are not to be believed: the generator, not the relay, was too slow, or packets went astray. */
export function doubts({
  packetsSent,
  packetsDue,
  packetsForeign,
  callsFailed,
  lateP999,
}: LoadFigures): string[] {
  return [
    ...(callsFailed > 0 ? [`${callsFailed} calls did not come up`] : []),
    ...(packetsSent < 0.995 * packetsDue
      ? [`the generator sent ${packetsSent} packets of ${packetsDue} that were due`]
      : []),
    ...(lateP999 > 20 ? [`the generator was ${lateP999.toFixed(0)} ms late at the worst thousandth`] : []),
    ...(packetsForeign > 0 ? [`${packetsForeign} packets came to the wrong party`] : []),
  ];
}
