/** Nonces at once; only who knows a password fills them. */
const maxNonces = 10_000;
/** Counts below the highest that may still come, since UDP reorders. */
const reach = 32;

interface Counts {
  readonly issuedAt: number;
  highest: number;
  /** Bit n: `highest - n` has come. */
  seen: number;
}

/** Which nonce counts have come (RFC 7616 §3.4: a count that comes twice is a replay). Bounded. */
export class NonceCounts {
  readonly #lifetimeMs: number;
  readonly #counts = new Map<string, Counts>();
  /** Nonces that are not newer were forgotten: nobody knows their counts any more. */
  #forgottenAt = -1;

  constructor(lifetimeMs: number) {
    this.#lifetimeMs = lifetimeMs;
  }

  get size(): number {
    return this.#counts.size;
  }

  /** Takes a count of a nonce of ours; false: the nonce is too old, or the count has come before. */
  take(nonce: string, issuedAt: number, count: number, now: number): boolean {
    if (count < 1 || now - issuedAt > this.#lifetimeMs || issuedAt <= this.#forgottenAt) return false;
    const counts = this.#counts.get(nonce);
    if (counts !== undefined) return isNew(counts, count);
    this.#makeRoom(now);
    this.#counts.set(nonce, { issuedAt, highest: count, seen: 1 });
    return true;
  }

  #makeRoom(now: number): void {
    for (const [nonce, { issuedAt }] of this.#counts) {
      const expired = now - issuedAt > this.#lifetimeMs;
      if (!expired && this.#counts.size < maxNonces) return;
      this.#counts.delete(nonce);
      if (!expired) this.#forgottenAt = Math.max(this.#forgottenAt, issuedAt);
    }
  }
}

function isNew(counts: Counts, count: number): boolean {
  const behind = counts.highest - count;
  if (behind < 0) {
    counts.seen = behind <= -reach ? 1 : (counts.seen << -behind) | 1;
    counts.highest = count;
    return true;
  }
  if (behind >= reach || (counts.seen & (1 << behind)) !== 0) return false;
  counts.seen |= 1 << behind;
  return true;
}
