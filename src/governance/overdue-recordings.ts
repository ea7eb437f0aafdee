import { type Clock, rfc3339, type WallMs } from '../kernel/clock.ts';
import type { Logger } from '../kernel/logger.ts';
import type { Meter } from '../kernel/meter.ts';
import type { Schedule } from '../kernel/timers.ts';
import type { RecordStore } from '../records/ports.ts';
import type { RecordingRecord } from '../records/recording-record.ts';

/** What a look at the database changes about who is known to be overdue. */
export interface OverdueStep {
  /** Ids that are overdue now. */
  readonly known: ReadonlySet<string>;
  /** Overdue for the first time: an alarm each. */
  readonly raised: readonly RecordingRecord[];
  /** Ids that have come to an end after all. */
  readonly cleared: readonly string[];
}

/** One alarm a recording, and one word when it is over. */
export function stepOverdue(known: ReadonlySet<string>, overdue: readonly RecordingRecord[]): OverdueStep {
  const now = new Set(overdue.map(({ id }) => id));
  return {
    known: now,
    raised: overdue.filter(({ id }) => !known.has(id)),
    cleared: [...known].filter((id) => !now.has(id)),
  };
}

export interface ReconcilerOptions {
  readonly store: Pick<RecordStore, 'overdue'>;
  readonly clock: Clock;
  readonly schedule: Schedule;
  readonly logger: Logger;
  readonly meter: Meter;
  /** How long after its call's end a recording may still be open: sealing takes its time. */
  readonly graceMs?: number;
  readonly everyMs?: number;
}

const usualGraceMs = 120_000;
const usualEveryMs = 30_000;

/** Looks now and then, until the returned function is called. */
export function startReconciler(options: ReconcilerOptions): () => void {
  const { store, clock, schedule, logger, meter } = options;
  const gauge = meter.gauge(
    'onrecord_recordings_overdue',
    'Recordings that are still open although their call ended a while ago',
  );
  const failures = meter.counter('onrecord_reconciler_failures_total', 'Times the reconciler could not look');
  gauge.set(0);
  let known: ReadonlySet<string> = new Set();
  let stopped = false;
  let cancel: () => void = () => undefined;

  const look = async (): Promise<void> => {
    try {
      const before = rfc3339((clock.wall() - (options.graceMs ?? usualGraceMs)) as WallMs);
      const step = stepOverdue(known, await store.overdue(before));
      known = step.known;
      gauge.set(known.size);
      for (const { id, callId, state, nodeId } of step.raised) {
        logger.error('recording-overdue', { recordingId: id, callId, state, nodeId });
      }
      for (const recordingId of step.cleared) logger.info('recording-overdue-cleared', { recordingId });
    } catch (error) {
      failures.add();
      logger.error('reconciler-failed', { kind: error instanceof Error ? error.name : typeof error });
    }
    if (!stopped) next();
  };
  const next = (): void => {
    cancel = schedule(options.everyMs ?? usualEveryMs, () => void look());
  };
  next();
  return () => {
    stopped = true;
    cancel();
  };
}
