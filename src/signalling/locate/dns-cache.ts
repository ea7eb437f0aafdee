import type { MonotonicMs } from '../../kernel/clock.ts';
import type { DnsRecord } from './dns-records.ts';

/** Empty `records`: there is nothing of that type under that name (RFC 2308). */
export interface CachedAnswer {
  readonly records: readonly DnsRecord[];
  /** When it is asked for again: before it expires, so that no call meets a gap. */
  readonly refreshAt: MonotonicMs;
  readonly expiresAt: MonotonicMs;
}

/** Answers by question, expired ones too: they are what is left when DNS stops answering (RFC 8767). */
export class DnsCache {
  readonly #answers = new Map<string, CachedAnswer>();
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get(key: string): CachedAnswer | null {
    const answer = this.#answers.get(key);
    if (answer === undefined) return null;
    // What is used moves to the young end.
    this.#answers.delete(key);
    this.#answers.set(key, answer);
    return answer;
  }

  set(key: string, answer: CachedAnswer): void {
    this.#answers.delete(key);
    this.#answers.set(key, answer);
    const [oldest] = this.#answers.keys();
    if (this.#answers.size > this.#limit && oldest !== undefined) this.#answers.delete(oldest);
  }
}
