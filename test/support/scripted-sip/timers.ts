/** RFC 3261 §17.1.1.1. */
const t1 = 500;
const t2 = 4000;
/** RFC 3261 §17, timers B, F, H, J and the wait for the ACK to a 2xx: 64*T1. */
const transactionMs = 64 * t1;

/**
 * Sends at once, again after T1 and then at intervals that double, up to T2 where they are capped, until it is
 * stopped; after 64*T1 it gives up.
 */
export class Repeater {
  readonly #send: () => void;
  readonly #cap: number;
  #intervalMs = t1;
  #next: NodeJS.Timeout | undefined;
  readonly #end: NodeJS.Timeout;

  constructor(send: () => void, { capped, gaveUp }: { capped: boolean; gaveUp: () => void }) {
    this.#send = send;
    this.#cap = capped ? t2 : Number.POSITIVE_INFINITY;
    this.#end = setTimeout(() => {
      this.stop();
      gaveUp();
    }, transactionMs);
    this.#sendAndWait();
  }

  #sendAndWait(): void {
    this.#send();
    this.#next = setTimeout(() => {
      this.#intervalMs = Math.min(2 * this.#intervalMs, this.#cap);
      this.#sendAndWait();
    }, this.#intervalMs);
  }

  stop(): void {
    clearTimeout(this.#next);
    clearTimeout(this.#end);
  }
}
