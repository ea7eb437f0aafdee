import type { Logger } from '../kernel/logger.ts';
import type {
  Recovery,
  RecordingCommand,
  RecordingEvent,
  RecordingSpec,
  RecordingStats,
  RecordingWorkerOptions,
} from '../recording/protocol.ts';
import { RecoveryJobs } from './recovery-jobs.ts';
import { StatsDesk } from './stats-desk.ts';
import { spawnWorker, type WorkerHandle } from './spawn-worker.ts';

export type RecorderEvent =
  | Extract<RecordingEvent, { readonly type: 'prepared' | 'discarded' | 'marked' | 'sealed' | 'failed' }>
  /** The worker took the recording along; its spool is on the disk. */
  | { readonly type: 'worker-died' };

export interface RecorderPool {
  /** Draws the number that a recording goes by in taps and messages, and hears what becomes of it. */
  enlist(listen: (event: RecorderEvent) => void): number;
  prepare(recording: number, spec: RecordingSpec): void;
  discard(recording: number): void;
  /** No end mark will come any more: closes the spool as it is; answered by `failed`, or `sealed` if it had ended. */
  abandon(recording: number, reason: string): void;
  /** Nothing more is to be heard of it. */
  release(recording: number): void;
  /** Makes of a spool that nobody writes to what can be made. Rejects where disk or storage fail: it stays then. */
  recover(
    recordingId: string,
    opened: { readonly recipient: string; readonly spoolSecret: Uint8Array },
  ): Promise<Recovery>;
  stats(): Promise<readonly RecordingStats[]>;
  stop(): Promise<void>;
}

export interface RecorderPoolPlan {
  readonly spoolDirectory: string;
  readonly storageDirectory: string;
  /** A row of taps a recording worker, one from each media worker. */
  readonly taps: readonly (readonly SharedArrayBuffer[])[];
  readonly logger: Logger;
}

/** Recording numbers are 32 bits in the tap. */
const numberLimit = 2 ** 32;

/** Starts the recording workers. A recording goes to worker `number % workers`, as the media workers' taps do. */
export async function startRecorderPool(plan: RecorderPoolPlan): Promise<RecorderPool> {
  const listeners = new Map<number, (event: RecorderEvent) => void>();
  const workers: WorkerHandle<RecordingCommand>[] = [];
  const desks = plan.taps.map(() => new StatsDesk<RecordingStats>());
  const jobs = new RecoveryJobs();
  for (const [index, taps] of plan.taps.entries()) {
    const options: RecordingWorkerOptions = {
      spoolDirectory: plan.spoolDirectory,
      storageDirectory: plan.storageDirectory,
      taps,
    };
    workers.push(
      await spawnWorker<RecordingCommand, RecordingEvent>({
        name: 'recording.worker',
        workerData: options,
        logger: plan.logger,
        onEvent: (event) => {
          if (event.type === 'encoding') sayEncoding(plan.logger, index, event.deferred);
          else if (event.type === 'recovered' || event.type === 'not-recovered') jobs.answered(event);
          else receive(listeners, desks[index], event);
        },
        onDeath: () => {
          jobs.died(index);
          for (const [recording, listen] of listeners) {
            if (recording % plan.taps.length === index) listen({ type: 'worker-died' });
          }
        },
      }),
    );
  }
  const post = (recording: number, command: RecordingCommand): void => {
    workers[recording % workers.length]?.post(command);
  };
  let last = 0;
  return {
    enlist(listen) {
      do last = (last + 1) % numberLimit;
      while (listeners.has(last));
      listeners.set(last, listen);
      return last;
    },
    prepare: (recording, spec) => {
      post(recording, { type: 'prepare', recording, spec });
    },
    discard: (recording) => {
      post(recording, { type: 'discard', recording });
    },
    abandon: (recording, reason) => {
      post(recording, { type: 'abandon', recording, reason });
    },
    release: (recording) => {
      listeners.delete(recording);
    },
    recover: (recordingId, opened) =>
      jobs.start(workers.length, (job, index) => {
        workers[index]?.post({ type: 'recover', job, recordingId, ...opened });
      }),
    stats: async () => {
      const asked = desks.map((desk, index) =>
        desk.ask(() => {
          workers[index]?.post({ type: 'stats' });
        }),
      );
      return (await Promise.all(asked)).filter((stats) => stats !== null);
    },
    stop: async () => {
      await Promise.all(workers.map((worker) => worker.stop()));
    },
  };
}

function receive(
  listeners: ReadonlyMap<number, (event: RecorderEvent) => void>,
  desk: StatsDesk<RecordingStats> | undefined,
  event: Exclude<RecordingEvent, { readonly type: 'encoding' | 'recovered' | 'not-recovered' }>,
): void {
  if (event.type === 'ready' || event.type === 'drained') return;
  if (event.type === 'stats') {
    desk?.answer(event.stats);
    return;
  }
  listeners.get(event.recording)?.(event);
}

function sayEncoding(logger: Logger, worker: number, deferred: boolean): void {
  if (deferred) logger.warn('mp3-encoded-after-calls', { worker });
  else logger.info('mp3-encoded-live', { worker });
}
