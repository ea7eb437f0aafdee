import type { Counter, Meter } from '../../kernel/meter.ts';
import { knownMethods } from '../methods.ts';

type Direction = 'received' | 'sent';

/** Counts messages by method or class of status, and those that had been sent before. */
export class MessageMeter {
  readonly #meter: Meter;
  readonly #counters = new Map<string, Counter>();
  /** Transactions send the same buffer again (sip/README: machines hold no message). */
  readonly #sent = new WeakSet<Buffer>();
  readonly #again: Readonly<Record<Direction, Counter>>;

  constructor(meter: Meter) {
    this.#meter = meter;
    const again = (direction: Direction): Counter =>
      meter.counter('onrecord_sip_retransmissions_total', 'SIP messages that had been on the wire before', {
        direction,
      });
    this.#again = { received: again('received'), sent: again('sent') };
  }

  received(bytes: Buffer): void {
    this.#count('received', bytes);
  }

  sent(bytes: Buffer): void {
    this.#count('sent', bytes);
    if (this.#sent.has(bytes)) this.#again.sent.add();
    else this.#sent.add(bytes);
  }

  /** A request that a transaction had already. */
  repeated(): void {
    this.#again.received.add();
  }

  #count(direction: Direction, bytes: Buffer): void {
    const kind = kindOf(bytes);
    const key = `${direction}${kind}`;
    let counter = this.#counters.get(key);
    if (counter === undefined) {
      counter = this.#register(direction, kind);
      this.#counters.set(key, counter);
    }
    counter.add();
  }

  #register(direction: Direction, kind: string): Counter {
    return /^\d/.test(kind)
      ? this.#meter.counter('onrecord_sip_responses_total', 'SIP responses', { direction, class: kind })
      : this.#meter.counter('onrecord_sip_requests_total', 'SIP requests', { direction, method: kind });
  }
}

/** A method that has a name here, `other`, or `2xx`: what a stranger writes is no label. */
function kindOf(bytes: Buffer): string {
  const word = bytes.toString('latin1', 0, Math.min(bytes.length, longestMethod + 1));
  const space = word.indexOf(' ');
  if (!word.startsWith('SIP/')) {
    const method = word.slice(0, Math.max(0, space));
    return knownMethods.has(method) ? method : 'other';
  }
  const digit = word.charAt(space + 1);
  return digit >= '1' && digit <= '6' ? `${digit}xx` : 'other';
}

/** Room for `SUBSCRIBE`, and for the first digit after `SIP/2.0`. */
const longestMethod = 10;
