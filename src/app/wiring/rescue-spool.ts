import type { KeyRecord } from '../../records/key-record.ts';
import type { LifeEvent } from '../../records/recording-life.ts';
import type { SessionDeps } from './session-deps.ts';
import { sealedFacts } from './sealed-facts.ts';

/** A disk that was full may have room again. */
const againMs = 15_000;

/**
 * Makes of the spool that a failed recorder left what can be made, and tells the recording's life. Where that fails,
 * the spool stays and it is tried again: the next start would too, since the journal holds the recording as unfinished.
 */
export function rescueSpool(
  deps: Pick<SessionDeps, 'recover' | 'schedule' | 'logger'>,
  key: KeyRecord | null,
  tell: (event: LifeEvent) => void,
): void {
  const attempt = async (): Promise<void> => {
    try {
      const found = key === null ? null : await deps.recover(key);
      if (found === null) tell({ type: 'recovered', facts: null });
      else {
        const { result, complete } = found;
        tell({ type: 'recovered', facts: sealedFacts(result), complete, undecoded: result.undecoded });
      }
    } catch (error) {
      deps.logger.error('recovery-failed', { recordingId: key?.recordingId, error: String(error) });
      tell({ type: 'unrecovered' });
      deps.schedule(againMs, () => void attempt());
    }
  };
  void attempt();
}
