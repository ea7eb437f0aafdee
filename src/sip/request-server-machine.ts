import { transactionTimeout } from './transaction-timers.ts';

/**
 * The non-INVITE server transaction: RFC 3261 §17.2.2, Figure 8.
 *
 *   trying ── 1xx ──► proceeding ── 200-699 ──► completed ── J ──► terminated
 *      └────────────── 200-699 ────────────────────┘
 *
 * `R` is what the shell sends: the machine asks nothing of it but its status, and remembers the last.
 */
export interface RequestServerState<R> {
  readonly phase: 'trying' | 'proceeding' | 'completed' | 'terminated';
  readonly reliable: boolean;
  readonly last: R | null;
}

export type RequestServerTimer = 'J';

export type RequestServerEvent<R> =
  /** The request once more. */
  | { readonly type: 'retransmission' }
  | { readonly type: 'respond'; readonly status: number; readonly response: R }
  | { readonly type: 'timer'; readonly timer: RequestServerTimer }
  | { readonly type: 'transport-error' };

export type RequestServerEffect<R> =
  | { readonly do: 'send'; readonly response: R }
  | { readonly do: 'terminate' }
  | { readonly do: 'fail'; readonly cause: 'transport' }
  | { readonly do: 'start-timer'; readonly timer: RequestServerTimer; readonly ms: number };

export interface RequestServerStep<R> {
  readonly state: RequestServerState<R>;
  readonly effects: readonly RequestServerEffect<R>[];
}

export function startRequestServer<R>(reliable: boolean): RequestServerStep<R> {
  return { state: { phase: 'trying', reliable, last: null }, effects: [] };
}

export function stepRequestServer<R>(
  state: RequestServerState<R>,
  event: RequestServerEvent<R>,
): RequestServerStep<R> {
  // RFC 6026 §8.8: a server transaction does not end by a transport error.
  if (event.type === 'transport-error') {
    return { state, effects: state.phase === 'terminated' ? [] : [{ do: 'fail', cause: 'transport' }] };
  }
  switch (state.phase) {
    case 'trying':
      // §17.2.2: "While in the "Trying" state, any further request retransmissions [...] MUST be discarded."
      return event.type === 'respond' ? respond(state, event.status, event.response) : { state, effects: [] };
    case 'proceeding':
      return event.type === 'respond' ? respond(state, event.status, event.response) : repeated(state, event);
    case 'completed':
      // §17.2.2: "Any other final responses passed by the TU to the server transaction MUST be discarded".
      return event.type === 'timer' ? terminated(state) : repeated(state, event);
    case 'terminated':
      return { state, effects: [] };
  }
}

function respond<R>(state: RequestServerState<R>, status: number, response: R): RequestServerStep<R> {
  const send: RequestServerEffect<R> = { do: 'send', response };
  if (status < 200) return { state: { ...state, phase: 'proceeding', last: response }, effects: [send] };
  const next: RequestServerState<R> = { ...state, phase: 'completed', last: response };
  // §17.2.2: Timer J is 64*T1 over an unreliable transport and zero over a reliable one.
  if (!state.reliable) {
    return { state: next, effects: [send, { do: 'start-timer', timer: 'J', ms: transactionTimeout }] };
  }
  const { state: ended, effects } = terminated(next);
  return { state: ended, effects: [send, ...effects] };
}

/**
 * §17.2.2: in Proceeding "the most recently sent provisional response MUST be passed to the transport layer for
 * retransmission", and in Completed the final response, whenever the request comes again.
 */
function repeated<R>(state: RequestServerState<R>, event: RequestServerEvent<R>): RequestServerStep<R> {
  if (event.type !== 'retransmission' || state.last === null) return { state, effects: [] };
  return { state, effects: [{ do: 'send', response: state.last }] };
}

function terminated<R>(state: RequestServerState<R>): RequestServerStep<R> {
  return { state: { ...state, phase: 'terminated' }, effects: [{ do: 'terminate' }] };
}
