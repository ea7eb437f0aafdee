import type { Clock, MonotonicMs } from '../kernel/clock.ts';
import type { Party } from '../records/call-record.ts';
import type { CallEffect, CallEvent, CallState } from './call-state.ts';
import type { CallSummary } from './ports.ts';

/** What is worth a line once a call is over, written down while its machine runs. */
export class CallNotes {
  readonly #clock: Clock;
  /** The transaction of the caller's first INVITE. */
  readonly #invite: string;
  readonly #began: MonotonicMs;
  readonly #codecs: Record<Party, string | null> = { caller: null, callee: null };
  #rang: MonotonicMs | null = null;
  #settled: { readonly at: MonotonicMs; readonly status: number } | null = null;
  #hungUp: MonotonicMs | null = null;
  #transfers = 0;

  constructor(clock: Clock, invite: string) {
    this.#clock = clock;
    this.#invite = invite;
    this.#began = clock.monotonic();
  }

  event(event: CallEvent): void {
    if (event.type === 'response') this.#response(event.response.status);
    else if (event.type === 'request' && event.request.method === 'REFER') this.#transfers += 1;
  }

  /** RFC 3261 §21.1: 180 to 183 say that somebody is being reached; 100 says nothing of the callee. */
  #response(status: number): void {
    if (status > 100 && status < 200 && this.#settled === null) this.#rang ??= this.#clock.monotonic();
  }

  effect(effect: CallEffect): void {
    if (effect.type === 'respond') {
      const { status } = effect.response;
      if (effect.transaction === this.#invite && status >= 200) {
        this.#settled ??= { at: this.#clock.monotonic(), status };
      }
    } else if (effect.type === 'connect') {
      this.#codecs[effect.party] = effect.media.formats[0]?.encoding ?? this.#codecs[effect.party];
    } else if (effect.type === 'hung-up') {
      this.#hungUp ??= this.#clock.monotonic();
    }
  }

  /** Once the call is over. */
  summary({ facts, tried, callee }: CallState, repeated: number | null): CallSummary {
    const settled = this.#settled;
    const answered = settled !== null && settled.status < 300 ? settled.at : null;
    const end = this.#hungUp ?? this.#clock.monotonic();
    return {
      calleePeer: callee?.peer.id ?? facts.calleePeer,
      status: settled?.status ?? null,
      attempts: tried,
      setupMs: between(this.#began, settled?.at ?? end),
      ringMs: this.#rang === null ? null : between(this.#rang, settled?.at ?? end),
      talkMs: answered === null ? null : between(answered, end),
      codecs: { ...this.#codecs },
      transfers: this.#transfers,
      repeated,
    };
  }
}

function between(from: MonotonicMs, to: MonotonicMs): number {
  return Math.round(to - from);
}
