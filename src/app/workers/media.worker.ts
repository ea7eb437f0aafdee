import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../../kernel/clock.ts';
import { systemRandom } from '../../kernel/ids.ts';
import { systemSchedule } from '../../kernel/timers.ts';
import { portOpener } from '../../media/open-port.ts';
import type { MediaCommand, MediaEvent, MediaWorkerOptions } from '../../media/protocol.ts';
import { MediaRelay } from '../../media/relay.ts';

const main = parentPort;
if (main === null) throw new Error('media.worker runs as a worker thread only');

const emit = (event: MediaEvent): void => {
  main.postMessage(event);
};
const options = workerData as MediaWorkerOptions;
const clock = systemClock();
const relay = new MediaRelay(options, {
  clock,
  random: systemRandom,
  schedule: systemSchedule,
  openPort: portOpener(options, clock),
  emit,
});
main.on('message', (commands: readonly MediaCommand[]) => {
  for (const command of commands) relay.command(command);
});
emit({ type: 'ready' });
