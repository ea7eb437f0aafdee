/**
 * A registration of ours with a trunk (RFC 3261 §10.2). `asking`: a REGISTER has no answer yet. `resting`: the next
 * one is due at its time. `leaving`: the binding is being taken back.
 */
export interface RegistrationState {
  readonly phase: 'idle' | 'asking' | 'resting' | 'leaving' | 'over';
  /** Whether the registrar has a binding of ours that has not run out. */
  readonly registered: boolean;
  /** What we ask for; a 423 raises it. */
  readonly expiresSeconds: number;
  /** How often a 423 has raised it since the last success. */
  readonly raised: number;
  /** Rounds over all hops in a row that came to nothing. */
  readonly failures: number;
}

export type RegistrationFault = 'refused' | 'unreachable';

/** `jitter`: from 0 to 1, drawn for the event. */
export type RegistrationEvent =
  | { readonly type: 'start' | 'due' | 'lapsed' | 'stop' }
  | { readonly type: 'accepted'; readonly grantedSeconds: number; readonly jitter: number }
  /** 423 (RFC 3261 §10.2.8). */
  | { readonly type: 'too-brief'; readonly leastSeconds: number | null; readonly jitter: number }
  | { readonly type: 'refused'; readonly retryAfterSeconds: number | null; readonly jitter: number }
  /** `more`: there is a hop that was not tried in this round. */
  | {
      readonly type: 'unreachable';
      readonly more: boolean;
      readonly retryAfterSeconds: number | null;
      readonly jitter: number;
    };

export type RegistrationEffect =
  /** `hop`: where the registration was last, first in a new round; or the next one. */
  | { readonly do: 'ask'; readonly hop: 'first' | 'same' | 'next'; readonly expiresSeconds: number }
  | { readonly do: 'set-timer'; readonly timer: 'due' | 'lapsed'; readonly ms: number }
  | { readonly do: 'clear-timers' }
  | { readonly do: 'tell'; readonly registered: boolean }
  | { readonly do: 'complain'; readonly fault: RegistrationFault; readonly againMs: number }
  /** Nothing follows any more. */
  | { readonly do: 'gone' };

export interface RegistrationStep {
  readonly state: RegistrationState;
  readonly effects: readonly RegistrationEffect[];
}

export function newRegistration(expiresSeconds: number): RegistrationState {
  return { phase: 'idle', registered: false, expiresSeconds, raised: 0, failures: 0 };
}

/** Refreshed when three quarters of the time are over, or up to nine tenths: many registrations must not go in step. */
const refreshShare = { least: 0.75, spread: 0.15 };
const maxRaises = 3;
/** The most that a 423 may ask for, and that a registrar may grant: a week. */
export const maxExpiresSeconds = 604_800;
/** Who cannot be reached may be there in a moment; who refuses will not change his mind, and may lock the account. */
const backOff = {
  unreachable: { firstMs: 5000, mostMs: 300_000 },
  refused: { firstMs: 60_000, mostMs: 600_000 },
} as const;
const maxRetryAfterSeconds = 3600;
/** How long a shutdown waits for the answer to the last REGISTER. */
const leaveMs = 2000;

export function stepRegistration(state: RegistrationState, event: RegistrationEvent): RegistrationStep {
  switch (state.phase) {
    case 'idle':
      return event.type === 'start' ? ask(state, 'first') : event.type === 'stop' ? gone(state) : same(state);
    case 'asking':
      return whileAsking(state, event);
    case 'resting':
      if (event.type === 'due') return ask(state, 'first');
      if (event.type === 'lapsed') return lapsed(state);
      return event.type === 'stop' ? leave(state) : same(state);
    case 'leaving':
      return event.type === 'lapsed' || event.type === 'start' ? same(state) : gone(state);
    case 'over':
      return same(state);
  }
}

function whileAsking(state: RegistrationState, event: RegistrationEvent): RegistrationStep {
  switch (event.type) {
    case 'accepted':
      // RFC 3261 §10.2.1.1: 0 takes a binding away, which is not what was asked for.
      if (event.grantedSeconds <= 0) return failed(state, 'refused', null, event.jitter);
      return accepted(state, event.grantedSeconds, event.jitter);
    case 'too-brief':
      return tooBrief(state, event.leastSeconds, event.jitter);
    case 'refused':
      return failed(state, 'refused', event.retryAfterSeconds, event.jitter);
    case 'unreachable':
      if (event.more) return ask(state, 'next');
      return failed(state, 'unreachable', event.retryAfterSeconds, event.jitter);
    case 'lapsed':
      return lapsed(state);
    case 'stop':
      return leave(state);
    case 'start':
    case 'due':
      return same(state);
  }
}

function ask(state: RegistrationState, hop: 'first' | 'same' | 'next'): RegistrationStep {
  const { expiresSeconds } = state;
  return { state: { ...state, phase: 'asking' }, effects: [{ do: 'ask', hop, expiresSeconds }] };
}

/** RFC 3261 §10.2.4: a binding is refreshed before it runs out. */
function accepted(state: RegistrationState, grantedSeconds: number, jitter: number): RegistrationStep {
  const lifeMs = grantedSeconds * 1000;
  const refreshMs = Math.round(lifeMs * (refreshShare.least + refreshShare.spread * jitter));
  return {
    state: { ...state, phase: 'resting', registered: true, raised: 0, failures: 0 },
    effects: [
      { do: 'tell', registered: true },
      { do: 'set-timer', timer: 'lapsed', ms: lifeMs },
      { do: 'set-timer', timer: 'due', ms: refreshMs },
    ],
  };
}

/** RFC 3261 §10.2.8: the same again with the Min-Expires of the 423. */
function tooBrief(state: RegistrationState, leastSeconds: number | null, jitter: number): RegistrationStep {
  const { expiresSeconds, raised } = state;
  const usable = leastSeconds !== null && leastSeconds > expiresSeconds && leastSeconds <= maxExpiresSeconds;
  if (!usable || raised >= maxRaises) return failed(state, 'refused', null, jitter);
  return ask({ ...state, expiresSeconds: leastSeconds, raised: raised + 1 }, 'same');
}

/** RFC 5626 §4.5: the wait doubles with each failure, and half of it is drawn. */
function failed(
  state: RegistrationState,
  fault: RegistrationFault,
  retryAfterSeconds: number | null,
  jitter: number,
): RegistrationStep {
  const { firstMs, mostMs } = backOff[fault];
  const bound = Math.min(mostMs, firstMs * 2 ** Math.min(state.failures, 16));
  const asked = Math.min(retryAfterSeconds ?? 0, maxRetryAfterSeconds) * 1000;
  const againMs = Math.max(asked, Math.round(bound * (0.5 + jitter / 2)));
  return {
    state: { ...state, phase: 'resting', failures: state.failures + 1, raised: 0 },
    effects: [
      { do: 'complain', fault, againMs },
      { do: 'set-timer', timer: 'due', ms: againMs },
    ],
  };
}

function lapsed(state: RegistrationState): RegistrationStep {
  if (!state.registered) return same(state);
  return { state: { ...state, registered: false }, effects: [{ do: 'tell', registered: false }] };
}

/** RFC 3261 §10.2.2: `Expires: 0` takes the binding back. */
function leave(state: RegistrationState): RegistrationStep {
  if (!state.registered) return gone(state);
  return {
    state: { ...state, phase: 'leaving', registered: false },
    effects: [
      { do: 'clear-timers' },
      { do: 'tell', registered: false },
      { do: 'ask', hop: 'same', expiresSeconds: 0 },
      { do: 'set-timer', timer: 'due', ms: leaveMs },
    ],
  };
}

function gone(state: RegistrationState): RegistrationStep {
  return { state: { ...state, phase: 'over' }, effects: [{ do: 'clear-timers' }, { do: 'gone' }] };
}

function same(state: RegistrationState): RegistrationStep {
  return { state, effects: [] };
}
