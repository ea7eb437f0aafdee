import { t1, timerD, transactionTimeout } from './transaction-timers.ts';

/**
 * The INVITE client transaction: RFC 3261 §17.1.1, Figure 5, with the Accepted state of RFC 6026 §7.2.
 *
 *   calling ── 1xx ──► proceeding ── 300-699 ──► completed ── D ──► terminated
 *      └───── 2xx ─────────┴───────────────────► accepted ─── M ──► terminated
 */
export interface InviteClientState {
  readonly phase: 'calling' | 'proceeding' | 'completed' | 'accepted' | 'terminated';
  readonly reliable: boolean;
  /** Timer A's present value in ms. */
  readonly interval: number;
}

export type InviteClientTimer = 'A' | 'B' | 'D' | 'M';

export type InviteClientEvent =
  | { readonly type: 'response'; readonly status: number }
  | { readonly type: 'timer'; readonly timer: InviteClientTimer }
  | { readonly type: 'transport-error' };

export type InviteClientEffect =
  | { readonly do: 'send-request' | 'send-ack' | 'pass-response' | 'terminate' }
  | { readonly do: 'fail'; readonly cause: 'timeout' | 'transport' }
  | { readonly do: 'start-timer'; readonly timer: InviteClientTimer; readonly ms: number }
  | { readonly do: 'stop-timer'; readonly timer: InviteClientTimer };

export interface InviteClientStep {
  readonly state: InviteClientState;
  readonly effects: readonly InviteClientEffect[];
}

/** RFC 3261 §17.1.1.2: the request goes out; Timer A only over an unreliable transport, Timer B always. */
export function startInviteClient(reliable: boolean): InviteClientStep {
  const effects: InviteClientEffect[] = [{ do: 'send-request' }];
  if (!reliable) effects.push({ do: 'start-timer', timer: 'A', ms: t1 });
  effects.push({ do: 'start-timer', timer: 'B', ms: transactionTimeout });
  return { state: { phase: 'calling', reliable, interval: t1 }, effects };
}

export function stepInviteClient(state: InviteClientState, event: InviteClientEvent): InviteClientStep {
  switch (state.phase) {
    case 'calling':
      return calling(state, event);
    case 'proceeding':
      return proceeding(state, event);
    case 'completed':
      return completed(state, event);
    case 'accepted':
      return accepted(state, event);
    case 'terminated':
      return { state, effects: [] };
  }
}

function calling(state: InviteClientState, event: InviteClientEvent): InviteClientStep {
  if (event.type === 'response') {
    const stops: InviteClientEffect[] = [
      { do: 'stop-timer', timer: 'A' },
      { do: 'stop-timer', timer: 'B' },
    ];
    const { state: next, effects } = answered(state, event.status);
    return { state: next, effects: [...stops, ...effects] };
  }
  // §17.1.4: a transport error is told to the user, and the transaction ends.
  if (event.type === 'transport-error') return failed(state, 'transport');
  // §17.1.1.2: "If the client transaction is still in the "Calling" state when timer B fires, the client
  // transaction SHOULD inform the TU that a timeout has occurred."
  if (event.timer === 'B') return failed(state, 'timeout');
  if (event.timer !== 'A') return { state, effects: [] };
  // §17.1.1.2: "When timer A fires, the client transaction MUST retransmit the request [...] and MUST reset the
  // timer with a value of 2*T1", and so on, doubled each time.
  const interval = state.interval * 2;
  return {
    state: { ...state, interval },
    effects: [{ do: 'send-request' }, { do: 'start-timer', timer: 'A', ms: interval }],
  };
}

function proceeding(state: InviteClientState, event: InviteClientEvent): InviteClientStep {
  // §17.1.1.2: no timer runs here; how long it may ring is the user's own decision.
  return event.type === 'response' ? answered(state, event.status) : { state, effects: [] };
}

/** Calling and Proceeding take a response alike. */
function answered(state: InviteClientState, status: number): InviteClientStep {
  // §17.1.1.2: "Any further provisional responses MUST be passed up to the TU".
  if (status < 200) {
    return { state: { ...state, phase: 'proceeding' }, effects: [{ do: 'pass-response' }] };
  }
  if (status < 300) {
    // RFC 6026 §7.2: "When a 2xx response is received [...] the state machine enters the "Accepted" state".
    const timer: InviteClientEffect = { do: 'start-timer', timer: 'M', ms: transactionTimeout };
    return { state: { ...state, phase: 'accepted' }, effects: [timer, { do: 'pass-response' }] };
  }
  // §17.1.1.2: the ACK is made here and the response passed up; Timer D is zero over a reliable transport.
  if (state.reliable) {
    return terminated(state, [{ do: 'send-ack' }, { do: 'pass-response' }]);
  }
  return {
    state: { ...state, phase: 'completed' },
    effects: [{ do: 'start-timer', timer: 'D', ms: timerD }, { do: 'send-ack' }, { do: 'pass-response' }],
  };
}

function completed(state: InviteClientState, event: InviteClientEvent): InviteClientStep {
  if (event.type === 'transport-error') return failed(state, 'transport');
  if (event.type === 'timer') return event.timer === 'D' ? terminated(state, []) : { state, effects: [] };
  // §17.1.1.2: "Any retransmissions of the final response that are received while in the "Completed" state MUST
  // cause the ACK to be re-passed to the transport layer for retransmission, but the newly received response
  // MUST NOT be passed up to the TU".
  return { state, effects: event.status >= 300 ? [{ do: 'send-ack' }] : [] };
}

function accepted(state: InviteClientState, event: InviteClientEvent): InviteClientStep {
  if (event.type === 'timer') return event.timer === 'M' ? terminated(state, []) : { state, effects: [] };
  if (event.type === 'transport-error') return { state, effects: [] };
  // RFC 6026 §7.2: "a 2xx response received in this state is passed to the TU", and nothing else is.
  const passes = event.status >= 200 && event.status < 300;
  return { state, effects: passes ? [{ do: 'pass-response' }] : [] };
}

function failed(state: InviteClientState, cause: 'timeout' | 'transport'): InviteClientStep {
  return terminated(state, [{ do: 'fail', cause }]);
}

function terminated(state: InviteClientState, effects: InviteClientEffect[]): InviteClientStep {
  return { state: { ...state, phase: 'terminated' }, effects: [...effects, { do: 'terminate' }] };
}
