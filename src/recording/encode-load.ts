/** How long one look at the load lasts. */
const windowMs = 500;
/** Share of a worker's time that its recordings may take: MP3s are put off above, made live again below. */
const highShare = 0.7;
const lowShare = 0.4;
/** Lag of the slowest recording behind its media: patience, a portion and a silent tap alone make up to 1.1 s. */
const highLagMs = 2000;
const lowLagMs = 1300;
/** Calm that has to last before encoders run live again, so that it does not go back and forth. */
const calmMs = 5000;

/** `began`, `over`: putting off began, ended. `shed`: it goes on, and some more live encoders must give way. */
export type LoadChange = 'began' | 'shed' | 'over' | null;

/**
 * Whether a recording worker has the time to encode MP3 as the audio comes. What it puts off is encoded after
 * the call, so nothing is lost by being careful.
 */
export class EncodeLoad {
  deferring = false;
  /** Whether the last look found too much of it. */
  over = false;
  #windowStart = -Infinity;
  #busyMs = 0;
  #share = 0;
  #calmSince = Infinity;

  /** After each turn of the worker: when it is, how long the turn took, how far the slowest recording lags. */
  observe(now: number, busyMs: number, lagMs: number): LoadChange {
    this.#busyMs += busyMs;
    const elapsed = now - this.#windowStart;
    if (elapsed < windowMs) return null;
    // A burst of one window is halved: it takes two to be a load.
    if (Number.isFinite(elapsed)) this.#share = (this.#share + this.#busyMs / elapsed) / 2;
    this.#windowStart = now;
    this.#busyMs = 0;
    this.over = this.#share > highShare || lagMs > highLagMs;
    return this.deferring ? this.#whileDeferring(now, lagMs) : this.#whileLive();
  }

  #whileLive(): LoadChange {
    if (!this.over) return null;
    this.deferring = true;
    this.#calmSince = Infinity;
    return 'began';
  }

  #whileDeferring(now: number, lagMs: number): LoadChange {
    if (this.#share > lowShare || lagMs > lowLagMs) this.#calmSince = Infinity;
    else this.#calmSince = Math.min(this.#calmSince, now);
    if (now - this.#calmSince < calmMs) return this.over ? 'shed' : null;
    this.deferring = false;
    return 'over';
  }
}
