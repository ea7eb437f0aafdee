import type { LiveRecording } from './live-recording.ts';

/** What recordings did not record as it came, by reason. */
export class DropCounts {
  readonly #totals = new Map<string, number>();

  add(reason: string, amount: number): void {
    this.#totals.set(reason, (this.#totals.get(reason) ?? 0) + amount);
  }

  addRecording(live: LiveRecording): void {
    this.add('idle-marks', live.idleMarks);
    for (const { drops, window, timeLine } of live.pipeline.legs) {
      this.add('not-rtp', drops.notRtp);
      this.add('unknown-format', drops.unknownFormat);
      this.add('undecodable', drops.undecodable);
      this.add('late-packets', drops.late);
      this.add('straggler', drops.straggler);
      this.add('unplaced', drops.unplaced);
      this.add('duplicate', window.duplicates);
      this.add('reorder-overflow', window.overflow);
      this.add('late-samples', timeLine.lateSamples);
      this.add('overlapped-samples', timeLine.overlappedSamples);
      this.add('ahead-samples', timeLine.aheadSamples);
    }
  }

  /** A copy to which more can be added. */
  copy(): DropCounts {
    const copy = new DropCounts();
    for (const [reason, amount] of this.#totals) copy.add(reason, amount);
    return copy;
  }

  snapshot(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#totals);
  }
}
