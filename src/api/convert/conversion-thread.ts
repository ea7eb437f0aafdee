import type { Schedule } from '../../kernel/timers.ts';
import type { FromConversion, ToConversion } from './conversion-job.ts';

/** As much of a `Worker` as is needed. */
export interface ConversionWorker {
  postMessage(message: ToConversion): void;
  on(event: 'message', listener: (message: FromConversion) => void): unknown;
  on(event: 'error' | 'exit', listener: (cause: unknown) => void): unknown;
  terminate(): unknown;
}

/** A chunk is 64 KiB: seconds of work at most. Longer is a decoder that turns in circles. */
const stepWithinMs = 15_000;

/** One conversion thread, asked one step at a time. Whatever ends it fails the step under way. */
export class ConversionThread {
  readonly #worker: ConversionWorker;
  readonly #schedule: Schedule;
  #settle: ((answer: FromConversion) => void) | null = null;
  #dead = false;

  constructor(worker: ConversionWorker, schedule: Schedule) {
    this.#worker = worker;
    this.#schedule = schedule;
    worker.on('message', (answer) => {
      this.#settle?.(answer);
    });
    worker.on('error', (cause) => {
      this.#die(String(cause));
    });
    worker.on('exit', () => {
      this.#die('the conversion thread ended');
    });
  }

  async step(message: ToConversion): Promise<Uint8Array> {
    if (this.#dead) throw new Error('the conversion thread is gone');
    const answer = await new Promise<FromConversion>((resolve) => {
      const cancel = this.#schedule(stepWithinMs, () => {
        this.stop('a step of the conversion took too long');
      });
      this.#settle = (settled) => {
        cancel();
        this.#settle = null;
        resolve(settled);
      };
      this.#worker.postMessage(message);
    });
    if (answer.type === 'converted') return answer.bytes;
    this.stop(answer.reason);
    throw new Error(`conversion failed: ${answer.reason}`);
  }

  stop(reason = 'stopped'): void {
    if (!this.#dead) void this.#worker.terminate();
    this.#die(reason);
  }

  #die(reason: string): void {
    this.#dead = true;
    this.#settle?.({ type: 'failed', reason });
  }
}
