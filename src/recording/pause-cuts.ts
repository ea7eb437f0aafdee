interface Boundary {
  readonly at: number;
  readonly on: boolean;
}

/**
 * Which stretches of the media clock are in no file, because a rule has pauses cut out of it. Positions are samples
 * since the beginning; marks come in the order of their time.
 */
export class PauseCuts {
  readonly #boundaries: Boundary[] = [];
  #cutting = false;
  /** Samples of pauses that have ended, and where the one that has not began. */
  #ended = 0;
  #openSince: number | null = null;

  mark(position: number, on: boolean): void {
    this.#boundaries.push({ at: position, on });
    if (on) this.#openSince = position;
    else if (this.#openSince !== null) {
      this.#ended += position - this.#openSince;
      this.#openSince = null;
    }
  }

  /** Where in the file a position lies that is no earlier than the newest mark. */
  inFile(position: number): number {
    return (this.#openSince ?? position) - this.#ended;
  }

  /** From `position` on, what is next taken: how far it is all in the file, or all cut; `end` at most. */
  stretch(position: number, end: number): { readonly until: number; readonly cut: boolean } {
    for (let next = this.#boundaries[0]; next !== undefined; next = this.#boundaries[0]) {
      if (next.at > position) return { until: Math.min(end, next.at), cut: this.#cutting };
      this.#cutting = next.on;
      this.#boundaries.shift();
    }
    return { until: end, cut: this.#cutting };
  }
}
