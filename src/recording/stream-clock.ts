/** Least arrival times are kept for this long, twice: a window that slides in halves. */
const halfWindowSeconds = 5;
/** The estimate may stray this far before anything moves, so that jitter never costs a sample. */
const deadBandSeconds = 0.015;
/** A correction goes on until it is this near. */
const doneSeconds = 0.002;
/** Moved at once, so that packets of 60 ms still follow more than 1000 ppm; an eighth of a millisecond is not heard. */
const stepSeconds = 1 / 8000;

/**
 * Where a stream's RTP timestamps lie on the recording's time line: position = timestamp + offset. The
 * offset is the least of (arrival - timestamp), since a packet can be late but never early; a drift of
 * the sender's clock moves that least slowly, and is followed an eighth of a millisecond at a time. All in samples.
 */
export class StreamClock {
  offset = 0;
  readonly #halfWindow: number;
  readonly #deadBand: number;
  readonly #done: number;
  readonly #step: number;
  #least = Infinity;
  #leastBefore = Infinity;
  #windowStart = 0;
  #direction: -1 | 0 | 1 = 0;

  constructor(sampleRate: number) {
    this.#halfWindow = halfWindowSeconds * sampleRate;
    this.#deadBand = deadBandSeconds * sampleRate;
    this.#done = doneSeconds * sampleRate;
    this.#step = stepSeconds * sampleRate;
  }

  anchor(offset: number, arrival: number): void {
    this.offset = Math.round(offset);
    this.#least = Infinity;
    this.#leastBefore = Infinity;
    this.#windowStart = arrival;
    this.#direction = 0;
  }

  /** Takes note of a packet. Returns the samples to insert (or, below 0, leave out) in it, mostly 0. */
  observe(timestamp: number, arrival: number): number {
    const offset = arrival - timestamp;
    if (offset < this.#least) this.#least = offset;
    if (arrival - this.#windowStart >= this.#halfWindow) {
      this.#leastBefore = this.#least;
      this.#least = offset;
      this.#windowStart = arrival;
    }
    return this.#correction() * this.#step;
  }

  #correction(): -1 | 0 | 1 {
    if (this.#leastBefore === Infinity) return 0;
    const error = Math.min(this.#least, this.#leastBefore) - this.offset;
    if (this.#direction === 0) {
      if (Math.abs(error) > this.#deadBand) this.#direction = error > 0 ? 1 : -1;
    } else if (error * this.#direction <= this.#done) this.#direction = 0;
    return this.#direction;
  }
}

/**
 * Repeats a few samples, or leaves out as many (`by` below 0), where the signal is stillest. Returns the new
 * count. `samples` must have room for them. *Borrows* it until return.
 */
export function slip(samples: Int16Array, count: number, by: number): number {
  const last = count - Math.abs(by);
  if (by === 0 || last < 1) return count;
  let at = 1;
  let least = Infinity;
  for (let i = 1; i <= last; i++) {
    const step = Math.abs((samples[i] as number) - (samples[i - 1] as number));
    if (step < least) {
      least = step;
      at = i;
    }
  }
  if (by > 0) samples.copyWithin(at + by, at, count);
  else samples.copyWithin(at, at - by, count);
  return count + by;
}
