import type { LifePhase } from '../../records/recording-life.ts';

type Mark = 'pause' | 'resume' | 'end';

/** The recorder says where a mark took effect within this time, or the control has failed. */
const acknowledgeWithinMs = 2000;

/** Matches live controls of one call to the recorder's word that they took effect. One at a time. */
export interface ControlDesk {
  /** Null: the recording's state does not allow it, or the recorder did not answer. */
  ask(phase: LifePhase, mark: Mark, act: () => void): Promise<{ readonly samplePosition: number } | null>;
  /** The recorder is in a pause. */
  readonly paused: boolean;
  marked(mark: 'begin' | Mark, samplePosition: number): void;
  close(): void;
}

export function controlDesk(): ControlDesk {
  let paused = false;
  let waiting: { readonly mark: Mark; readonly settle: (position: number | null) => void } | null = null;

  const allowed = (phase: LifePhase, mark: Mark): boolean => {
    if (phase !== 'recording' || waiting !== null) return false;
    return mark === 'end' || paused === (mark === 'resume');
  };
  return {
    get paused() {
      return paused;
    },
    ask(phase, mark, act) {
      if (!allowed(phase, mark)) return Promise.resolve(null);
      return new Promise((resolve) => {
        const settle = (position: number | null): void => {
          clearTimeout(timer);
          waiting = null;
          resolve(position === null ? null : { samplePosition: position });
        };
        const timer = setTimeout(() => {
          settle(null);
        }, acknowledgeWithinMs);
        waiting = { mark, settle };
        act();
      });
    },
    marked(mark, samplePosition) {
      if (mark === 'pause') paused = true;
      if (mark === 'resume') paused = false;
      if (waiting?.mark === mark) waiting.settle(samplePosition);
    },
    close() {
      waiting?.settle(null);
    },
  };
}
