import type { LifePhase } from '../../records/recording-life.ts';

type Mark = 'pause' | 'resume' | 'end';

/** The recorder says where a mark took effect within this time, or the control has failed. */
const acknowledgeWithinMs = 2000;

export interface Acknowledged {
  readonly samplePosition: number;
}

/** Matches live controls of one call to the recorder's word that they took effect. One at a time. */
export interface ControlDesk {
  /** Null: the recording's state does not allow it, or the recorder did not answer. */
  ask(phase: LifePhase, mark: Mark, act: () => void): Promise<Acknowledged | null>;
  /** Waits for as long as the parties are being told and asked. Null: another control waits, or nothing has begun. */
  begin(act: () => void): Promise<Acknowledged | null>;
  /** The recorder is in a pause. */
  readonly paused: boolean;
  marked(mark: 'begin' | Mark, samplePosition: number): void;
  /** The recording is over: whoever waits for it waits in vain. */
  close(): void;
}

export function controlDesk(): ControlDesk {
  let paused = false;
  let waiting: { readonly mark: 'begin' | Mark; readonly settle: (position: number | null) => void } | null =
    null;

  const allowed = (phase: LifePhase, mark: Mark): boolean => {
    // The recorder's word that it has begun may be here before the media worker's.
    if ((phase !== 'beginning' && phase !== 'recording') || waiting !== null) return false;
    return mark === 'end' || paused === (mark === 'resume');
  };
  const wait = (
    mark: 'begin' | Mark,
    withinMs: number | null,
    act: () => void,
  ): Promise<Acknowledged | null> =>
    new Promise((resolve) => {
      const settle = (position: number | null): void => {
        clearTimeout(timer);
        waiting = null;
        resolve(position === null ? null : { samplePosition: position });
      };
      const timer = withinMs === null ? undefined : setTimeout(settle, withinMs, null);
      waiting = { mark, settle };
      act();
    });
  return {
    get paused() {
      return paused;
    },
    ask: (phase, mark, act) =>
      allowed(phase, mark) ? wait(mark, acknowledgeWithinMs, act) : Promise.resolve(null),
    begin: (act) => (waiting === null ? wait('begin', null, act) : Promise.resolve(null)),
    marked(mark, samplePosition) {
      paused = mark === 'pause';
      if (waiting?.mark === mark) waiting.settle(samplePosition);
    },
    close() {
      waiting?.settle(null);
    },
  };
}
