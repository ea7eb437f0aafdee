/** Why a packet could not be protected or unprotected. The functions that do it return these negated. */
export const srtpFault = {
  /** Too short for what it has to carry, or no packet at all. */
  malformed: 1,
  /** The tag does not hold: another key, or somebody has changed it. */
  authentication: 2,
  /** This index was there before (RFC 3711 §3.3.2). */
  replayed: 3,
  /** Too far behind for anybody to know whether it was (RFC 3711 §3.3.2). */
  tooOld: 4,
  /** The key has protected all that one key may (RFC 3711 §9.2). */
  expired: 5,
} as const;

/** Slugs for metrics, by number. */
export const srtpFaultNames = [
  'none',
  'srtp-malformed',
  'srtp-authentication',
  'srtp-replayed',
  'srtp-too-old',
  'srtp-expired',
] as const;
