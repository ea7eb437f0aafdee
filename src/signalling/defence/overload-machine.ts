import type { MonotonicMs } from '../../kernel/clock.ts';
import { hasToken, refilled, type TokenBucket, withoutToken } from '../peering/token-bucket.ts';

/** What a node runs out of. */
export type Resource = 'cpu' | 'delay' | 'memory' | 'transactions' | 'media';

/** The most strained resource at this moment; 1 is where running calls begin to suffer. */
export interface Pressure {
  readonly resource: Resource;
  readonly value: number;
}

export interface OverloadState {
  /** New calls a second; null: as many as come. */
  readonly permitted: number | null;
  readonly bucket: TokenBucket;
  /** Since the last sample. */
  readonly offered: number;
  readonly refused: number;
  readonly sampledAt: MonotonicMs;
  /** Samples in a row with room to spare in which nothing was refused. */
  readonly quiet: number;
  /** The share of new calls that was refused in the last sample with any. */
  readonly level: number;
}

/**
 * New calls a second that are taken however high the pressure: setting up so few costs next to nothing, and the
 * cause may be somebody else on the machine. Where memory or media workers are short, each one makes it worse.
 */
const floors: Readonly<Record<Resource, number>> = {
  cpu: 10,
  delay: 10,
  transactions: 10,
  memory: 0,
  media: 2,
};

/** Below this there is room again. Between it and 1 the rate stays: the step between is what keeps it from swinging. */
const relaxedBelow = 0.85;
/** So many quiet samples end the shedding. */
const quietSamples = 6;

export function noOverload(now: MonotonicMs): OverloadState {
  const counts = { offered: 0, refused: 0, quiet: 0, level: 0 };
  return { permitted: null, bucket: { tokens: 0, at: now }, sampledAt: now, ...counts };
}

/** A new call asks to come in. */
export function askEntry(
  state: OverloadState,
  now: MonotonicMs,
): { state: OverloadState; admitted: boolean } {
  const asked = { ...state, offered: state.offered + 1 };
  if (state.permitted === null) return { state: asked, admitted: true };
  const bucket = refilled(state.bucket, state.permitted, now);
  if (!mayEnter(bucket, state.permitted)) {
    return { state: { ...asked, bucket, refused: state.refused + 1 }, admitted: false };
  }
  return { state: { ...asked, bucket: withoutToken(bucket) }, admitted: true };
}

/** A rate of nothing still fills the one token that each bucket has room for at once; it lets nobody in. */
function mayEnter(bucket: TokenBucket, permitted: number): boolean {
  return permitted > 0 && hasToken(bucket);
}

/**
 * What the node feels now: additive increase, multiplicative decrease of the rate at which calls are taken. It is
 * local overload control (RFC 6357): no neighbour has to take part. The decrease starts from what was taken, since
 * a rate above that is no restriction.
 */
export function takeSample(
  state: OverloadState,
  { resource, value }: Pressure,
  now: MonotonicMs,
): OverloadState {
  const seconds = Math.max(0.001, (now - state.sampledAt) / 1000);
  const taken = (state.offered - state.refused) / seconds;
  const level = state.offered === 0 ? state.level : state.refused / state.offered;
  const next = { ...state, offered: 0, refused: 0, sampledAt: now, level };
  if (value >= 1) {
    const from = Math.min(state.permitted ?? taken, Math.max(taken, floors[resource]));
    return permit({ ...next, quiet: 0 }, Math.max(floors[resource], from * decreaseAt(value)), now);
  }
  if (state.permitted === null) return { ...next, level: 0 };
  if (value >= relaxedBelow) return { ...next, quiet: 0 };
  const quiet = state.refused === 0 ? state.quiet + 1 : 0;
  if (quiet >= quietSamples) return { ...next, permitted: null, quiet: 0, level: 0 };
  return permit({ ...next, quiet }, state.permitted + Math.max(1, state.permitted / 10), now);
}

/** A second's worth would let the next second's calls in as if nothing were. */
const startTokens = 10;

/** By half at twice the pressure that is bearable, and never by less than a tenth. */
function decreaseAt(pressure: number): number {
  return Math.min(0.9, Math.max(0.5, 1 / pressure));
}

function permit(state: OverloadState, permitted: number, now: MonotonicMs): OverloadState {
  const bucket =
    state.permitted === null
      ? { tokens: Math.min(permitted, startTokens), at: now }
      : refilled(state.bucket, state.permitted, now);
  return { ...state, permitted, bucket };
}
