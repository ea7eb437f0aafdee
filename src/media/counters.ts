import { dropNames } from './drop-reason.ts';

/** Bounds of the forward delay's histogram, seconds. */
export const delayBounds: readonly number[] = [
  0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1,
];

/** What a worker counts as packets pass; read when somebody asks. */
export class MediaCounters {
  packetsIn = 0;
  packetsOut = 0;
  /** RTCP. */
  controlIn = 0;
  controlOut = 0;
  tapDropped = 0;
  marksLost = 0;
  remotesRefused = 0;
  sessionFaults = 0;
  /** Of sessions that are over. */
  packetsLost = 0;
  delayCount = 0;
  delaySum = 0;
  readonly drops = new Float64Array(dropNames.length);
  /** Not cumulative: how many fell between a bound and the one before. */
  readonly #delays = new Float64Array(delayBounds.length);
  readonly #bounds = Float64Array.from(delayBounds);

  drop(reason: number): void {
    this.drops[reason] = (this.drops[reason] ?? 0) + 1;
  }

  delay(milliseconds: number): void {
    const seconds = milliseconds / 1000;
    this.delayCount += 1;
    this.delaySum += seconds;
    for (let i = 0; i < this.#bounds.length; i++) {
      if (seconds > (this.#bounds[i] as number)) continue;
      this.#delays[i] = (this.#delays[i] as number) + 1;
      return;
    }
  }

  /** Reasons that occurred, by slug. */
  namedDrops(): Record<string, number> {
    const named: Record<string, number> = {};
    for (const [reason, count] of this.drops.entries()) {
      if (count > 0) named[dropNames[reason] ?? 'unknown'] = count;
    }
    return named;
  }

  /** At each of `delayBounds`, how many packets took at most that long. */
  cumulativeDelays(): number[] {
    let total = 0;
    return Array.from(this.#delays, (count) => (total += count));
  }
}
