import { Worker } from 'node:worker_threads';
import type { Logger } from '../kernel/logger.ts';

/** A worker thread that is ready. It lives until `stop`; when it dies by itself another takes its place. */
export interface WorkerHandle<Command> {
  post(command: Command): void;
  stop(): Promise<void>;
}

export interface WorkerPlan<Event> {
  /** File below `app/workers`, without extension: `media.worker`. */
  readonly name: string;
  readonly workerData: unknown;
  readonly logger: Logger;
  onEvent(event: Event): void;
  /** It died after it had been ready; its successor is being started. */
  onDeath(): void;
}

/** Many times what a full worker needs: who gets there leaks, and ends alone before it takes the machine's memory. */
const heapLimitMb = 1024;
/**
 * Small, so that the buffers of sealed and written audio, which live until their young handles are collected, are
 * freed some times a second: with V8's own size they were two thirds of a recorded call's memory.
 */
const youngMb = 6;
/** A worker that does not say `ready` within this time is a start-up fault, not a slow machine. */
const readyWithinMs = 15_000;
/** A successor waits this long, so that a fault at start does not become a spin. */
const respawnDelayMs = 100;

/** Starts a worker and waits for its `ready`. Rejects when it dies before: wrong options, not load. */
export async function spawnWorker<Command, Event extends { readonly type: string }>(
  plan: WorkerPlan<Event>,
): Promise<WorkerHandle<Command>> {
  let stopping = false;
  let current: Worker | null = null;
  /** What was posted while a successor is on its way; bounded by the calls that wait for an answer. */
  let waiting: Command[] = [];
  let respawn: NodeJS.Timeout | undefined;

  const start = async (): Promise<void> => {
    const worker = await startReady(plan);
    current = worker;
    for (const command of waiting) worker.postMessage(command);
    waiting = [];
    worker.on('message', (event: Event) => {
      plan.onEvent(event);
    });
    worker.on('error', (error) => {
      plan.logger.error('worker-failed', { worker: plan.name, error: error.message });
    });
    worker.on('exit', (code) => {
      current = null;
      if (stopping) return;
      plan.logger.error('worker-died', { worker: plan.name, code });
      plan.onDeath();
      restart();
    });
  };
  const restart = (): void => {
    respawn = setTimeout(() => {
      start().catch((error: unknown) => {
        plan.logger.error('worker-restart-failed', { worker: plan.name, error: String(error) });
        if (!stopping) restart();
      });
    }, respawnDelayMs);
  };

  await start();
  return {
    post(command) {
      if (current === null) waiting.push(command);
      else current.postMessage(command);
    },
    async stop() {
      stopping = true;
      clearTimeout(respawn);
      await current?.terminate();
    },
  };
}

function startReady<Event extends { readonly type: string }>(plan: WorkerPlan<Event>): Promise<Worker> {
  const worker = new Worker(new URL(`./workers/${plan.name}.js`, import.meta.url), {
    workerData: plan.workerData,
    stdin: false,
    resourceLimits: { maxOldGenerationSizeMb: heapLimitMb, maxYoungGenerationSizeMb: youngMb },
  });
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      settle(new Error(`${plan.name} was not ready within ${readyWithinMs} ms`));
    }, readyWithinMs);
    const onMessage = (event: Event): void => {
      if (event.type === 'ready') settle(null);
    };
    const onError = (error: unknown): void => {
      settle(error instanceof Error ? error : new Error(String(error)));
    };
    const onExit = (code: number): void => {
      settle(new Error(`${plan.name} ended with code ${code} before it was ready`));
    };
    const settle = (fault: Error | null): void => {
      clearTimeout(timer);
      worker.off('message', onMessage);
      worker.off('error', onError);
      worker.off('exit', onExit);
      if (fault === null) {
        resolve(worker);
        return;
      }
      void worker.terminate();
      reject(fault);
    };
    worker.on('message', onMessage);
    worker.on('error', onError);
    worker.on('exit', onExit);
  });
}
