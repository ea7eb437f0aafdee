import type { MonotonicMs } from '../../kernel/clock.ts';

/** When a recording that stood by begins in its file: the media worker and the recorder each say half, in either order. */
export class LookbackStart {
  #askedAt: MonotonicMs | null = null;
  #keptMs: number | null = null;

  asked(at: MonotonicMs): void {
    this.#askedAt = at;
  }

  /** What the recorder had from before. */
  kept(ms: number): void {
    this.#keptMs = ms;
  }

  /** Null before both have spoken. */
  get beganAt(): MonotonicMs | null {
    if (this.#askedAt === null || this.#keptMs === null) return null;
    return (this.#askedAt - this.#keptMs) as MonotonicMs;
  }
}
