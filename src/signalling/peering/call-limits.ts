import type { Clock } from '../../kernel/clock.ts';
import type { Meter } from '../../kernel/meter.ts';
import type { Peer } from '../peers.ts';
import { fullBucket, hasToken, refilled, type TokenBucket, withoutToken } from './token-bucket.ts';

/** Which of a peer's limits is reached: calls at once, or calls a second. */
export type LimitedBy = 'calls' | 'rate';

interface CountedCall {
  readonly caller: Peer;
  callee: Peer;
  /** Who is counted and not limited: both in an emergency call, the callee where the call takes another's place. */
  readonly exempt: 'both' | 'callee' | 'none';
}

/** How many calls each peer has, from it and to it, and how many more it may have now. */
export class CallLimits {
  readonly #clock: Clock;
  readonly #meter: Meter;
  readonly #calls = new Map<string, CountedCall>();
  /** By peer; both are bounded by the configuration. */
  readonly #active = new Map<string, number>();
  readonly #buckets = new Map<string, TokenBucket>();

  constructor(clock: Clock, meter: Meter) {
    this.#clock = clock;
    this.#meter = meter;
  }

  /** Why this peer may have no further call at this moment; null: it may. */
  limitOf(peer: Peer): LimitedBy | null {
    if (peer.maxCalls !== null && (this.#active.get(peer.id) ?? 0) >= peer.maxCalls) return 'calls';
    const bucket = this.#bucketOf(peer);
    return bucket === null || hasToken(bucket) ? null : 'rate';
  }

  /** A call between two peers begins; it is counted until `end`. */
  begin(callId: string, call: CountedCall): void {
    this.#calls.set(callId, { ...call });
    this.#enter(call.caller, call.exempt === 'both');
    if (call.callee.id !== call.caller.id) this.#enter(call.callee, call.exempt !== 'none');
  }

  /** A call tries another peer. False: that one has no room, and the call stays where it is counted. */
  redirect(callId: string, callee: Peer): boolean {
    const call = this.#calls.get(callId);
    if (call === undefined || call.callee.id === callee.id) return true;
    if (callee.id === call.caller.id) {
      this.#leave(call.callee);
    } else {
      // Elsewhere it takes nobody's place.
      const exempt = call.exempt === 'both';
      const limit = exempt ? null : this.limitOf(callee);
      if (limit !== null) {
        this.countRefused(callee, limit);
        return false;
      }
      if (call.callee.id !== call.caller.id) this.#leave(call.callee);
      this.#enter(callee, exempt);
    }
    call.callee = callee;
    return true;
  }

  end(callId: string): void {
    const call = this.#calls.get(callId);
    if (call === undefined) return;
    this.#calls.delete(callId);
    this.#leave(call.caller);
    if (call.callee.id !== call.caller.id) this.#leave(call.callee);
  }

  countRefused({ id }: Peer, limit: LimitedBy): void {
    const labels = { peer: id, limit };
    this.#meter.counter('onrecord_peer_limited_total', 'Calls that a limit kept from a peer', labels).add();
  }

  #enter(peer: Peer, exempt: boolean): void {
    this.#active.set(peer.id, (this.#active.get(peer.id) ?? 0) + 1);
    const bucket = this.#bucketOf(peer);
    if (bucket !== null && !exempt) this.#buckets.set(peer.id, withoutToken(bucket));
  }

  #leave({ id }: Peer): void {
    this.#active.set(id, (this.#active.get(id) ?? 0) - 1);
  }

  #bucketOf({ id, callsPerSecond }: Peer): TokenBucket | null {
    if (callsPerSecond === null) return null;
    const now = this.#clock.monotonic();
    const bucket = this.#buckets.get(id);
    return bucket === undefined ? fullBucket(callsPerSecond, now) : refilled(bucket, callsPerSecond, now);
  }
}
