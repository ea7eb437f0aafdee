import type { Logger } from '../kernel/logger.ts';
import type { Meter } from '../kernel/meter.ts';
import type { Schedule } from '../kernel/timers.ts';
import type { EvidenceStore } from '../records/ports.ts';

export interface EvidenceRetentionOptions {
  readonly store: Pick<EvidenceStore, 'deleteExpired'>;
  /** How long evidence of what was not recorded is kept where it does not say itself. */
  readonly keepMs: number;
  readonly schedule: Schedule;
  readonly logger: Logger;
  readonly meter: Meter;
}

const firstMs = 60_000;
const everyMs = 3_600_000;
/** Of one transaction, so that records do not wait for it. */
const batch = 500;

/** Deletes evidence that is no longer to be kept, now and then, until the returned function is called. */
export function startEvidenceRetention(options: EvidenceRetentionOptions): () => void {
  const { store, keepMs, schedule, logger, meter } = options;
  const deleted = meter.counter(
    'onrecord_evidence_deleted_total',
    'Calls whose evidence of consent was deleted, since it was no longer to be kept',
  );
  const failures = meter.counter(
    'onrecord_evidence_retention_failures_total',
    'Times expired evidence could not be deleted',
  );
  let stopped = false;
  let cancel: () => void = () => undefined;

  const sweep = async (): Promise<void> => {
    let calls = 0;
    try {
      for (let found = batch; found === batch && !stopped; calls += found) {
        found = await store.deleteExpired(keepMs, { limit: batch });
        deleted.add(found);
      }
      if (calls > 0) logger.info('evidence-deleted', { calls });
    } catch (error) {
      failures.add();
      logger.error('evidence-retention-failed', { error: String(error) });
    }
    if (!stopped) next(everyMs);
  };
  const next = (delayMs: number): void => {
    cancel = schedule(delayMs, () => void sweep());
  };
  next(firstMs);
  return () => {
    stopped = true;
    cancel();
  };
}
