/** Pitch periods that are looked for, and how much of the signal is compared: 5 to 15 ms, over 20 ms. */
const shortestPeriodMs = 5;
const longestPeriodMs = 15;
const comparedMs = 20;
/** Three of the longest periods and a quarter of one more. */
const historyMs = 3.25 * longestPeriodMs;
/** Each such step repeats one period more, up to three, and after the first the signal fades. */
const stepMs = 10;
const fadeAStep = 0.2;
const mostPeriods = 3;
/** So many times what is needed: then it is moved for every fifth packet alone. */
const roomFor = 3;

/**
 * Bridges lost packets in the manner of ITU-T G.711 Appendix I: the last pitch period is repeated, then the
 * last two and the last three, so that it does not buzz; from 10 ms on it fades, and is silent after 60.
 *
 * Deviation: Appendix I blends the first packet after a gap, and by a delay the last one before it, with what
 * it made up. Here what was received is left as it came, since a recording is evidence of that.
 */
export class PitchConcealment {
  /** What was heard last, up to `#end`; moved to the front when there is no room behind it. */
  readonly #heard: Int16Array;
  readonly #kept: number;
  #end: number;
  readonly #shortest: number;
  readonly #longest: number;
  readonly #compared: number;
  readonly #step: number;
  /** The search looks at each such sample first: 4 kHz are enough for a pitch. */
  readonly #coarse: number;
  /** Samples made up since the last that were heard. */
  #made = 0;
  #period = 0;
  /** Periods that are repeated, and where in them. */
  #periods = 1;
  #phase = 0;
  /** What the first made-up sample would jump by; it is faded out over a quarter of a period. */
  #edge = 0;

  constructor(sampleRate: number) {
    const perMs = sampleRate / 1000;
    this.#kept = Math.ceil(historyMs * perMs);
    this.#heard = new Int16Array(roomFor * this.#kept);
    this.#end = this.#kept;
    this.#shortest = shortestPeriodMs * perMs;
    this.#longest = longestPeriodMs * perMs;
    this.#compared = comparedMs * perMs;
    this.#step = stepMs * perMs;
    this.#coarse = perMs / 4;
  }

  reset(): void {
    this.#heard.fill(0);
    this.#made = 0;
  }

  /** Remembers the first `count` samples as the newest. *Borrows* them until return. */
  heard(samples: Int16Array, count: number): void {
    const heard = this.#heard;
    const kept = Math.min(count, this.#kept);
    if (this.#end + kept > heard.length) {
      heard.copyWithin(0, this.#end - this.#kept, this.#end);
      this.#end = this.#kept;
    }
    let end = this.#end;
    for (let i = count - kept; i < count; i++) heard[end++] = samples[i] as number;
    this.#end = end;
    this.#made = 0;
  }

  /** Makes up the next `count` samples of the gap. *Borrows* the target until return. */
  conceal(count: number, target: Int16Array): void {
    if (this.#made === 0) this.#begin();
    for (let i = 0; i < count; i++) target[i] = this.#next();
  }

  #begin(): void {
    const length = this.#kept;
    this.#period = this.#findPeriod();
    this.#periods = 1;
    this.#phase = 0;
    this.#edge = this.#at(length - 1) - this.#at(length - 1 - this.#period);
  }

  #next(): number {
    const steps = this.#made / this.#step;
    this.#made += 1;
    if (steps >= this.#periods && this.#periods < mostPeriods) {
      // The newest period goes on where it is, and an older one comes after it.
      this.#periods += 1;
      this.#phase += this.#period;
    }
    const gain = steps < 1 ? 1 : 1 - fadeAStep * (steps - 1);
    if (gain <= 0) return 0;
    const sample = this.#repeated() + this.#remainingEdge();
    this.#phase += 1;
    if (this.#phase >= this.#periods * this.#period) this.#phase = 0;
    return Math.max(-32_768, Math.min(32_767, Math.round(gain * sample)));
  }

  /** The sample at the phase; the last quarter of a period is blended into what stands before the first. */
  #repeated(): number {
    const cycle = this.#periods * this.#period;
    const start = this.#kept - cycle;
    const sample = this.#at(start + this.#phase);
    const quarter = this.#period >> 2;
    const left = cycle - this.#phase;
    if (left > quarter) return sample;
    const weight = left / (quarter + 1);
    return weight * sample + (1 - weight) * this.#at(start - left);
  }

  #remainingEdge(): number {
    const quarter = this.#period >> 2;
    return this.#made > quarter ? 0 : this.#edge * (1 - this.#made / (quarter + 1));
  }

  /** The distance at which the newest 20 ms resemble what stood before them most. */
  #findPeriod(): number {
    const coarse = this.#coarse;
    let best = this.#longest;
    let most = -Infinity;
    for (let period = this.#shortest; period <= this.#longest; period += coarse) {
      const likeness = this.#likeness(period, coarse);
      if (likeness > most) [best, most] = [period, likeness];
    }
    const from = Math.max(this.#shortest, best - coarse + 1);
    const to = Math.min(this.#longest, best + coarse - 1);
    most = -Infinity;
    for (let period = from; period <= to; period++) {
      const likeness = this.#likeness(period, 1);
      if (likeness > most) [best, most] = [period, likeness];
    }
    return best;
  }

  /** Cross-correlation over the square root of the older part's energy. */
  #likeness(period: number, stride: number): number {
    const history = this.#heard.subarray(this.#end - this.#kept, this.#end);
    let correlation = 0;
    let energy = 1;
    for (let i = history.length - this.#compared; i < history.length; i += stride) {
      const older = history[i - period] as number;
      correlation += (history[i] as number) * older;
      energy += older * older;
    }
    return correlation / Math.sqrt(energy);
  }

  #at(index: number): number {
    return this.#heard[this.#end - this.#kept + index] as number;
  }
}
