import { parentPort, workerData } from 'node:worker_threads';
import { SpeechDecoders } from '../../audio/speech-decoders.ts';
import { chacha20Poly1305 } from '../../kernel/aead.ts';
import { systemClock } from '../../kernel/clock.ts';
import { systemRandom } from '../../kernel/ids.ts';
import { systemSchedule } from '../../kernel/timers.ts';
import { workerEncoders } from '../../recording/encoders.ts';
import type { RecordingCommand, RecordingWorkerOptions } from '../../recording/protocol.ts';
import { createRecordingWorker } from '../../recording/recording-worker.ts';
import { makeSpoolDirectory, systemSpoolDisk } from '../../recording/spool-disk.ts';
import { diskObjectStore } from '../../storage/disk-object-store.ts';
import { recordingVault } from '../../storage/recording-vault.ts';

const options = workerData as RecordingWorkerOptions;
const port = parentPort;
if (port === null) throw new Error('the recording worker runs as a worker thread only');

const store = diskObjectStore(options.storageDirectory);
await makeSpoolDirectory(options.spoolDirectory);
const worker = createRecordingWorker({
  spoolDirectory: options.spoolDirectory,
  taps: options.taps,
  post: (event) => {
    port.postMessage(event);
  },
  clock: systemClock(),
  schedule: systemSchedule,
  random: systemRandom,
  disk: systemSpoolDisk,
  target: recordingVault({ store, aead: chacha20Poly1305, random: systemRandom }),
  encoders: workerEncoders(),
  decoders: new SpeechDecoders(),
  aead: chacha20Poly1305,
});
port.on('message', (command: RecordingCommand) => {
  worker.receive(command);
});
