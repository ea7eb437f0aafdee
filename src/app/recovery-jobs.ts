import type { RecordingEvent, Recovery } from '../recording/protocol.ts';

interface Job {
  readonly worker: number;
  readonly resolve: (recovery: Recovery) => void;
  readonly reject: (error: Error) => void;
}

type RecoveryAnswer = Extract<RecordingEvent, { readonly type: 'recovered' | 'not-recovered' }>;

/** Recoveries that recording workers were asked for and have not answered. */
export class RecoveryJobs {
  readonly #jobs = new Map<number, Job>();
  #last = 0;

  /** Deals one to a worker in its turn. */
  start(workers: number, post: (job: number, worker: number) => void): Promise<Recovery> {
    this.#last += 1;
    const job = this.#last;
    const worker = job % workers;
    return new Promise((resolve, reject) => {
      this.#jobs.set(job, { worker, resolve, reject });
      post(job, worker);
    });
  }

  answered(event: RecoveryAnswer): void {
    const job = this.#jobs.get(event.job);
    this.#jobs.delete(event.job);
    if (event.type === 'recovered') job?.resolve(event.recovery);
    else job?.reject(new Error(event.error));
  }

  /** A worker that died answers nothing: whoever asked may ask its successor. */
  died(worker: number): void {
    for (const [id, job] of this.#jobs) {
      if (job.worker !== worker) continue;
      this.#jobs.delete(id);
      job.reject(new Error('the recording worker died'));
    }
  }
}
