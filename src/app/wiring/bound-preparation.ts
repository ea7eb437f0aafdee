import type { Schedule } from '../../kernel/timers.ts';

/** Nobody stays muted for a recorder that does not get ready. */
const mutedAtMostMs = 2000;
/** A recorder that was only slow still has the rest of the call. */
const prepareWithinMs = 30_000;

interface Preparation {
  readonly isUnderWay: () => boolean;
  /** There is no call without a recording. */
  readonly mustRecord: boolean;
  readonly fail: () => void;
  /** The parties speak, and are recorded from when it can be. */
  readonly speak: () => void;
}

/** How long parties that were told wait for their recorder: a rule that has no call without a recording ends it then. */
export function boundPreparation(schedule: Schedule, preparation: Preparation): void {
  const { isUnderWay, mustRecord, fail, speak } = preparation;
  schedule(mutedAtMostMs, () => {
    if (!isUnderWay()) return;
    if (mustRecord) {
      fail();
      return;
    }
    speak();
    schedule(prepareWithinMs - mutedAtMostMs, () => {
      if (isUnderWay()) fail();
    });
  });
}
