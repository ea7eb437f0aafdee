import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { PortsOfCall } from '../load/load-options.ts';
import { type Contestant, relayCore } from '../scenario/contestant.ts';
import { cpuSecondsOf, onCore, residentKibOf } from '../scenario/processes.ts';

/** A relay of this folder, in a process of its own. */
export function startRelay(name: 'bare-relay' | 'shared-relay'): Promise<Contestant> {
  const file = join(dirname(fileURLToPath(import.meta.url)), `${name}.js`);
  const [command = '', ...words] = onCore(relayCore, [process.execPath, file]);
  const child = spawn(command, words, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const pid = child.pid ?? 0;
  return Promise.resolve({
    signalling: { kind: 'told' },
    cpuSeconds: () => cpuSecondsOf(pid),
    residentKib: () => residentKibOf(pid),
    stages: () => ({}),
    counts: () => Promise.resolve({}),
    parties: async (ports) => {
      child.send(ports);
      const [remotes] = (await once(child, 'message')) as [readonly PortsOfCall[]];
      return remotes;
    },
    stop: async () => {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  });
}
