import { t1, t2, t4, transactionTimeout } from './transaction-timers.ts';

/**
 * The non-INVITE client transaction: RFC 3261 §17.1.2, Figure 6.
 *
 *   trying ── 1xx ──► proceeding ── 200-699 ──► completed ── K ──► terminated
 *      └────────────── 200-699 ────────────────────┘
 */
export interface RequestClientState {
  readonly phase: 'trying' | 'proceeding' | 'completed' | 'terminated';
  readonly reliable: boolean;
  /** Timer E's present value in ms. */
  readonly interval: number;
}

export type RequestClientTimer = 'E' | 'F' | 'K';

export type RequestClientEvent =
  | { readonly type: 'response'; readonly status: number }
  | { readonly type: 'timer'; readonly timer: RequestClientTimer }
  | { readonly type: 'transport-error' };

export type RequestClientEffect =
  | { readonly do: 'send-request' | 'pass-response' | 'terminate' }
  | { readonly do: 'fail'; readonly cause: 'timeout' | 'transport' }
  | { readonly do: 'start-timer'; readonly timer: RequestClientTimer; readonly ms: number }
  | { readonly do: 'stop-timer'; readonly timer: RequestClientTimer };

export interface RequestClientStep {
  readonly state: RequestClientState;
  readonly effects: readonly RequestClientEffect[];
}

/** RFC 3261 §17.1.2.2: Timer F always; Timer E only over an unreliable transport. */
export function startRequestClient(reliable: boolean): RequestClientStep {
  const effects: RequestClientEffect[] = [{ do: 'send-request' }];
  if (!reliable) effects.push({ do: 'start-timer', timer: 'E', ms: t1 });
  effects.push({ do: 'start-timer', timer: 'F', ms: transactionTimeout });
  return { state: { phase: 'trying', reliable, interval: t1 }, effects };
}

export function stepRequestClient(state: RequestClientState, event: RequestClientEvent): RequestClientStep {
  switch (state.phase) {
    case 'trying':
      // §17.1.2.2: "If Timer E fires [...] it is reset [...] to MIN(2*T1, T2)", doubled each time up to T2.
      return unanswered(state, event, Math.min(state.interval * 2, t2));
    case 'proceeding':
      // §17.1.2.2: "If Timer E fires while in the "Proceeding" state [...] Timer E MUST be reset with a value of
      // T2 seconds."
      return unanswered(state, event, t2);
    case 'completed':
      return completed(state, event);
    case 'terminated':
      return { state, effects: [] };
  }
}

/** Trying and Proceeding differ in Timer E alone. */
function unanswered(
  state: RequestClientState,
  event: RequestClientEvent,
  interval: number,
): RequestClientStep {
  if (event.type === 'response') return answered(state, event.status);
  // §17.1.4: a transport error is told to the user, and the transaction ends.
  if (event.type === 'transport-error') return failed(state, 'transport');
  // §17.1.2.2: "If Timer F fires [...] the TU MUST be informed of the timeout".
  if (event.timer === 'F') return failed(state, 'timeout');
  if (event.timer !== 'E') return { state, effects: [] };
  return {
    state: { ...state, interval },
    effects: [{ do: 'send-request' }, { do: 'start-timer', timer: 'E', ms: interval }],
  };
}

function answered(state: RequestClientState, status: number): RequestClientStep {
  if (status < 200) {
    return { state: { ...state, phase: 'proceeding' }, effects: [{ do: 'pass-response' }] };
  }
  // §17.1.2.2: Timer K is T4 over an unreliable transport and zero over a reliable one.
  if (state.reliable) return terminated(state, [{ do: 'pass-response' }]);
  return {
    state: { ...state, phase: 'completed' },
    effects: [
      { do: 'stop-timer', timer: 'E' },
      { do: 'stop-timer', timer: 'F' },
      { do: 'start-timer', timer: 'K', ms: t4 },
      { do: 'pass-response' },
    ],
  };
}

/** §17.1.2.2: this state buffers retransmitted responses, which go nowhere. */
function completed(state: RequestClientState, event: RequestClientEvent): RequestClientStep {
  const ends = event.type === 'timer' && event.timer === 'K';
  return ends ? terminated(state, []) : { state, effects: [] };
}

function failed(state: RequestClientState, cause: 'timeout' | 'transport'): RequestClientStep {
  return terminated(state, [{ do: 'fail', cause }]);
}

function terminated(state: RequestClientState, effects: RequestClientEffect[]): RequestClientStep {
  return { state: { ...state, phase: 'terminated' }, effects: [...effects, { do: 'terminate' }] };
}
