/** Whether a hop answers OPTIONS, with hysteresis: one lost datagram takes no trunk down, one answer brings none up. */
export interface KeepAliveState {
  readonly up: boolean;
  /** Answers in a row that speak against `up`: missing ones while it is up, real ones while it is down. */
  readonly against: number;
}

/** `jitter`: from 0 to 1, drawn for the event. */
export type KeepAliveEvent =
  | { readonly type: 'due' }
  | { readonly type: 'answered' | 'unanswered'; readonly jitter: number }
  /** It has answered a call, which is what it is for. */
  | { readonly type: 'served' };

export type KeepAliveEffect =
  | { readonly do: 'ping' }
  /** Until it is asked again. */
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'tell'; readonly up: boolean };

export interface KeepAliveStep {
  readonly state: KeepAliveState;
  readonly effects: readonly KeepAliveEffect[];
}

/** Who was never asked may have calls. */
export const presumedUp: KeepAliveState = { up: true, against: 0 };

const unansweredToDown = 3;
const answeredToUp = 2;
/** While there is doubt, it is asked sooner, so that a dead hop is known within half a minute. */
const doubtMs = 5000;
/** Many nodes and many peers must not ask in step: the interval and up to a fifth more or less. */
const jitterShare = 0.2;

export function stepKeepAlive(
  state: KeepAliveState,
  event: KeepAliveEvent,
  intervalMs: number,
): KeepAliveStep {
  switch (event.type) {
    case 'due':
      return { state, effects: [{ do: 'ping' }] };
    case 'served':
      return {
        state: presumedUp,
        effects: state.up ? [] : [{ do: 'tell', up: true }],
      };
    case 'answered':
    case 'unanswered':
      return judged(state, event.type === 'answered', event.jitter, intervalMs);
  }
}

function judged(state: KeepAliveState, answered: boolean, jitter: number, intervalMs: number): KeepAliveStep {
  const against = answered === state.up ? 0 : state.against + 1;
  const turns = against >= (state.up ? unansweredToDown : answeredToUp);
  const after = turns ? { up: !state.up, against: 0 } : { up: state.up, against };
  const ms = after.against > 0 ? Math.min(intervalMs, doubtMs) : intervalMs;
  const wait: KeepAliveEffect = { do: 'wait', ms: Math.round(ms * (1 + jitterShare * (2 * jitter - 1))) };
  return { state: after, effects: turns ? [{ do: 'tell', up: after.up }, wait] : [wait] };
}
