import { t1, t2, t4, transactionTimeout } from './transaction-timers.ts';

/**
 * The INVITE server transaction: RFC 3261 §17.2.1, Figure 7, with the Accepted state of RFC 6026 §7.1.
 *
 *   proceeding ── 300-699 ──► completed ── ACK ──► confirmed ── I ──► terminated
 *        │                        └─────── H ─────────────────────────────┤
 *        └────── 2xx ───────► accepted ─── L ─────────────────────────────┘
 *
 * `R` is what the shell sends: the machine asks nothing of it but its status, and remembers the last.
 */
export interface InviteServerState<R> {
  readonly phase: 'proceeding' | 'completed' | 'confirmed' | 'accepted' | 'terminated';
  readonly reliable: boolean;
  /** Timer G's present value in ms. */
  readonly interval: number;
  readonly last: R;
}

export type InviteServerTimer = 'G' | 'H' | 'I' | 'L';

export type InviteServerEvent<R> =
  /** The INVITE once more. */
  | { readonly type: 'retransmission' }
  | { readonly type: 'ack' }
  | { readonly type: 'respond'; readonly status: number; readonly response: R }
  | { readonly type: 'timer'; readonly timer: InviteServerTimer }
  | { readonly type: 'transport-error' };

export type InviteServerEffect<R> =
  | { readonly do: 'send'; readonly response: R }
  | { readonly do: 'pass-ack' | 'terminate' }
  | { readonly do: 'fail'; readonly cause: 'timeout' | 'transport' }
  | { readonly do: 'start-timer'; readonly timer: InviteServerTimer; readonly ms: number }
  | { readonly do: 'stop-timer'; readonly timer: InviteServerTimer };

export interface InviteServerStep<R> {
  readonly state: InviteServerState<R>;
  readonly effects: readonly InviteServerEffect<R>[];
}

/** RFC 3261 §17.2.1: a 100 goes out at once, since nobody knows whether the user answers within 200 ms. */
export function startInviteServer<R>(reliable: boolean, trying: R): InviteServerStep<R> {
  return {
    state: { phase: 'proceeding', reliable, interval: t1, last: trying },
    effects: [{ do: 'send', response: trying }],
  };
}

export function stepInviteServer<R>(
  state: InviteServerState<R>,
  event: InviteServerEvent<R>,
): InviteServerStep<R> {
  // RFC 6026 §8.8: a server transaction "MUST NOT discard transaction state based only on encountering a
  // non-recoverable transport error when sending a response".
  if (event.type === 'transport-error') {
    return { state, effects: state.phase === 'terminated' ? [] : [{ do: 'fail', cause: 'transport' }] };
  }
  switch (state.phase) {
    case 'proceeding':
      return proceeding(state, event);
    case 'completed':
      return completed(state, event);
    case 'confirmed':
      return confirmed(state, event);
    case 'accepted':
      return accepted(state, event);
    case 'terminated':
      return { state, effects: [] };
  }
}

function proceeding<R>(state: InviteServerState<R>, event: InviteServerEvent<R>): InviteServerStep<R> {
  // §17.2.1: "If a request retransmission is received while in the "Proceeding" state, the most recent
  // provisional response that was received from the TU MUST be passed to the transport layer".
  if (event.type === 'retransmission') return { state, effects: [{ do: 'send', response: state.last }] };
  if (event.type !== 'respond') return { state, effects: [] };
  const { status, response } = event;
  const send: InviteServerEffect<R> = { do: 'send', response };
  if (status < 200) return { state: { ...state, last: response }, effects: [send] };
  if (status < 300) {
    // RFC 6026 §7.1: "the server transaction [...] MUST [...] transition to the "Accepted" state", Timer L set.
    return {
      state: { ...state, phase: 'accepted', last: response },
      effects: [send, { do: 'start-timer', timer: 'L', ms: transactionTimeout }],
    };
  }
  // §17.2.1: Timer G "for unreliable transports" only; Timer H "for all transports".
  const effects: InviteServerEffect<R>[] = [send];
  if (!state.reliable) effects.push({ do: 'start-timer', timer: 'G', ms: t1 });
  effects.push({ do: 'start-timer', timer: 'H', ms: transactionTimeout });
  return { state: { ...state, phase: 'completed', last: response }, effects };
}

function completed<R>(state: InviteServerState<R>, event: InviteServerEvent<R>): InviteServerStep<R> {
  // §17.2.1: "while in the "Completed" state, if a request retransmission is received, the server SHOULD pass
  // the response to the transport for retransmission".
  if (event.type === 'retransmission') return { state, effects: [{ do: 'send', response: state.last }] };
  if (event.type === 'ack') return acknowledged(state);
  if (event.type !== 'timer') return { state, effects: [] };
  // §17.2.1: "If timer H fires [...] it implies that the ACK was never received".
  if (event.timer === 'H') return terminated(state, [{ do: 'fail', cause: 'timeout' }]);
  if (event.timer !== 'G') return { state, effects: [] };
  // §17.2.1: "If timer G fires, the response is passed to the transport layer once more for retransmission, and
  // timer G is set to fire in MIN(2*T1, T2) seconds."
  const interval = Math.min(state.interval * 2, t2);
  return {
    state: { ...state, interval },
    effects: [
      { do: 'send', response: state.last },
      { do: 'start-timer', timer: 'G', ms: interval },
    ],
  };
}

/** §17.2.1: Timer I is T4 over an unreliable transport and zero over a reliable one. */
function acknowledged<R>(state: InviteServerState<R>): InviteServerStep<R> {
  if (state.reliable) return terminated(state, []);
  return {
    state: { ...state, phase: 'confirmed' },
    effects: [
      { do: 'stop-timer', timer: 'G' },
      { do: 'stop-timer', timer: 'H' },
      { do: 'start-timer', timer: 'I', ms: t4 },
    ],
  };
}

/** §17.2.1: this state absorbs further ACKs. */
function confirmed<R>(state: InviteServerState<R>, event: InviteServerEvent<R>): InviteServerStep<R> {
  const ends = event.type === 'timer' && event.timer === 'I';
  return ends ? terminated(state, []) : { state, effects: [] };
}

function accepted<R>(state: InviteServerState<R>, event: InviteServerEvent<R>): InviteServerStep<R> {
  switch (event.type) {
    case 'respond':
      // RFC 6026 §7.1: "any 2xx response from the TU [...] MUST be passed to the transport layer".
      if (event.status < 200 || event.status > 299) return { state, effects: [] };
      return {
        state: { ...state, last: event.response },
        effects: [{ do: 'send', response: event.response }],
      };
    case 'ack':
      // RFC 6026 §7.1: an ACK received in this state is passed to the TU.
      return { state, effects: [{ do: 'pass-ack' }] };
    case 'timer':
      return event.timer === 'L' ? terminated(state, []) : { state, effects: [] };
    default:
      // RFC 6026 §7.1: "retransmissions of the INVITE [...] are absorbed"; the user repeats its 2xx by itself.
      return { state, effects: [] };
  }
}

function terminated<R>(state: InviteServerState<R>, effects: InviteServerEffect<R>[]): InviteServerStep<R> {
  return { state: { ...state, phase: 'terminated' }, effects: [...effects, { do: 'terminate' }] };
}
