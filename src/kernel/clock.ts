declare const monotonicBrand: unique symbol;
declare const wallBrand: unique symbol;

/** Milliseconds of CLOCK_MONOTONIC, with fractions: the same line in every thread and process of a host. */
export type MonotonicMs = number & { readonly [monotonicBrand]: true };
/** Milliseconds since 1970 UTC. For records only: it may jump. */
export type WallMs = number & { readonly [wallBrand]: true };

/** Time comes in; nothing below `app` reads a clock of its own. */
export interface Clock {
  monotonic(): MonotonicMs;
  wall(): WallMs;
}

/** `performance.now()` starts at zero in each thread, so it is anchored once to the host's monotonic clock. */
function monotonicOffset(): number {
  const before = performance.now();
  const host = Number(process.hrtime.bigint()) / 1e6;
  const after = performance.now();
  return host - (before + after) / 2;
}

/** The real clocks of this thread. */
export function systemClock(): Clock {
  const offset = monotonicOffset();
  return {
    monotonic: () => (performance.now() + offset) as MonotonicMs,
    wall: () => Date.now() as WallMs,
  };
}

/** The wall time of a past instant of the monotonic clock, as good as the wall clock is now. */
export function wallOf(clock: Clock, at: MonotonicMs): WallMs {
  return (clock.wall() - (clock.monotonic() - at)) as WallMs;
}

/** RFC 3339 in UTC with milliseconds, the form of every time in the API and the database. */
export function rfc3339(at: WallMs): string {
  return new Date(at).toISOString();
}
