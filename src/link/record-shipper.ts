import type { Logger } from '../kernel/logger.ts';
import { namedTimers, type Schedule, type Timers } from '../kernel/timers.ts';
import type { JournalBatch, JournalSource } from './ports.ts';
import type { ToControl } from './protocol.ts';

export interface ShipperPlan {
  readonly journal: JournalSource;
  readonly logger: Logger;
  readonly schedule: Schedule;
  /** False: nobody is there, or the message is too long for a frame. */
  readonly send: (message: ToControl) => boolean;
}

const largestBatch = 256;
/** From one batch to the next: storing one costs as much as many, and what a call says of itself within it is stored once. */
const apartMs = 50;
const retryMs = 1000;

/**
 * Ships what the journal holds, one batch in flight: the control process stores them one after the other,
 * so that a second would only wait there. What was sent and not acknowledged is sent again after a reconnect.
 * What comes after some silence goes at once, and a backlog without a pause.
 */
export class RecordShipper {
  readonly #plan: ShipperPlan;
  readonly #timers: Timers<'retry' | 'apart'>;
  readonly #stop: () => void;
  #running = false;
  /** The batch that waits for `stored`. */
  #inFlight: number | null = null;
  #reading = false;
  /** Something came while the journal was being read. */
  #again = false;
  /** Waits until the next batch may go. */
  #resting = false;
  #lastBatch = 0;
  #limit = largestBatch;
  #flushers: (() => void)[] = [];

  constructor(plan: ShipperPlan) {
    this.#plan = plan;
    this.#timers = namedTimers(plan.schedule, (name) => {
      if (name === 'apart') this.#resting = false;
      void this.#ship();
    });
    this.#stop = plan.journal.onPending(() => void this.#ship());
  }

  resume(): void {
    this.#running = true;
    void this.#ship();
  }

  pause(): void {
    this.#running = false;
    this.#inFlight = null;
    this.#resting = false;
    this.#timers.clearAll();
  }

  close(): void {
    this.pause();
    this.#stop();
  }

  stored(batch: number): void {
    if (batch !== this.#inFlight) return;
    this.#inFlight = null;
    this.#limit = largestBatch;
    this.#plan.journal.acknowledge(batch);
    void this.#ship();
  }

  flushed(withinMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const cancel = this.#plan.schedule(withinMs, () => {
        this.#flushers = this.#flushers.filter((each) => each !== done);
        resolve(false);
      });
      const done = (): void => {
        cancel();
        resolve(true);
      };
      this.#flushers.push(done);
      void this.#ship();
    });
  }

  async #ship(): Promise<void> {
    if (this.#reading) {
      this.#again = true;
      return;
    }
    const rests = this.#resting && this.#flushers.length === 0;
    if (!this.#running || this.#inFlight !== null || rests) return;
    this.#reading = true;
    const read = await this.#plan.journal.pending(this.#limit);
    this.#reading = false;
    const again = this.#again;
    this.#again = false;
    if (!read.ok) {
      this.#plan.logger.error('link-journal-unreadable', { why: read.error.message });
      this.#timers.set('retry', retryMs);
      return;
    }
    if (read.value !== null) this.#send(read.value);
    else if (again) void this.#ship();
    else this.#settleFlushers();
  }

  /** The link may have gone while the journal was being read: then the next one begins anew. */
  #send({ batch, events }: JournalBatch): void {
    if (!this.#running) return;
    this.#inFlight = batch;
    if (this.#plan.send({ type: 'records', batch, events })) {
      this.#rest(batch);
      return;
    }
    this.#inFlight = null;
    if (!this.#isRunning()) return;
    if (this.#limit === 1) {
      this.#plan.logger.error('link-record-too-long', { batch });
      this.#timers.set('retry', retryMs);
      return;
    }
    this.#limit = Math.max(1, Math.floor(this.#limit / 4));
    this.#timers.set('retry', 0);
  }

  /** A full batch has more behind it. */
  #rest(batch: number): void {
    this.#resting = batch - this.#lastBatch < this.#limit;
    this.#lastBatch = batch;
    if (this.#resting) this.#timers.set('apart', apartMs);
  }

  /** Sending may have ended the connection, and with it the shipping. */
  #isRunning(): boolean {
    return this.#running;
  }

  #settleFlushers(): void {
    const flushers = this.#flushers;
    this.#flushers = [];
    for (const done of flushers) done();
  }
}
