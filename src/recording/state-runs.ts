/** Where nothing lies. */
export const empty = 0;

/**
 * What lies where on a time line, as runs of one state each: packets come one behind the other, so a second of them
 * is a few runs, where a state a sample would be as many octets, written and read for each. Positions before `start`
 * are past; behind the last run all is empty.
 */
export class StateRuns {
  #start = 0;
  /** Of each run; the next one begins there. */
  readonly #ends: number[] = [];
  readonly #states: number[] = [];

  /** The run in which a position lies. */
  find(at: number): number {
    let run = this.#ends.length;
    while (run > 0 && (this.#ends[run - 1] as number) > at) run -= 1;
    return run;
  }

  stateOf(run: number): number {
    return this.#states[run] ?? empty;
  }

  endOf(run: number): number {
    return this.#ends[run] ?? Infinity;
  }

  /** All from `from` to `to` is of this state now, whatever it was; both lie behind what is past. */
  paint(from: number, to: number, state: number): void {
    if (from >= to) return;
    const ends = this.#ends;
    const last = ends.length - 1;
    const end = last < 0 ? this.#start : (ends[last] as number);
    if (from < end) this.#repaint(from, to, state);
    else if (from === end && last >= 0 && this.#states[last] === state) ends[last] = to;
    else {
      if (from > end) this.#push(from, empty);
      this.#push(to, state);
    }
  }

  /** All before a position is past. */
  forget(until: number): void {
    const past = this.find(until);
    if (past > 0) {
      this.#ends.splice(0, past);
      this.#states.splice(0, past);
    }
    this.#start = until;
  }

  /** In the midst of what is there: runs are cut where it begins and ends, and those between give way to one. */
  #repaint(from: number, to: number, state: number): void {
    const first = this.find(from);
    const last = this.find(to);
    const begin = first === 0 ? this.#start : (this.#ends[first - 1] as number);
    const ends = [to];
    const states = [state];
    if (begin < from) {
      ends.unshift(from);
      states.unshift(this.stateOf(first));
    }
    // The run in which `to` lies keeps its end, and so what is left of it.
    this.#ends.splice(first, last - first, ...ends);
    this.#states.splice(first, last - first, ...states);
    this.#join(first);
  }

  /** Makes one of neighbours of one state, from the run before `run` to the third behind it. */
  #join(run: number): void {
    for (let at = Math.min(run + 2, this.#ends.length - 1); at >= Math.max(1, run); at--) {
      if (this.#states[at] !== this.#states[at - 1]) continue;
      this.#ends.splice(at - 1, 1);
      this.#states.splice(at - 1, 1);
    }
  }

  #push(end: number, state: number): void {
    this.#ends.push(end);
    this.#states.push(state);
  }
}
