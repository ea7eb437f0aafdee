const stepMs = 0.01;
const steps = 200_000;

/** Times in steps of 10 us up to 2 s. */
export class DelayHistogram {
  readonly #counts = new Uint32Array(steps);
  #count = 0;
  #greatest = 0;

  add(ms: number): void {
    const step = Math.min(steps - 1, Math.max(0, Math.floor(ms / stepMs)));
    this.#counts[step] = (this.#counts[step] ?? 0) + 1;
    this.#count += 1;
    if (ms > this.#greatest) this.#greatest = ms;
  }

  get count(): number {
    return this.#count;
  }

  get max(): number {
    return this.#greatest;
  }

  /** `share` between 0 and 1; ms. */
  at(share: number): number {
    let left = share * this.#count;
    for (let step = 0; step < steps; step++) {
      left -= this.#counts[step] ?? 0;
      if (left <= 0) return step * stepMs;
    }
    return this.#greatest;
  }
}
