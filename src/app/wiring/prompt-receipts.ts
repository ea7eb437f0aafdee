import { type Clock, rfc3339, wallOf } from '../../kernel/clock.ts';
import type { PlayReport, PlayReported } from '../../media/protocol.ts';
import type { Party } from '../../records/call-record.ts';
import type { ReceiptFacts } from '../../records/prompt-receipt.ts';

interface ReceiptHooks {
  readonly clock: Clock;
  readonly callId: string;
  readonly newId: () => string;
  readonly write: (receipt: ReceiptFacts) => void;
}

/** What a party's device reports of the prompt that it was sent last, tied to the evidence, whichever comes first. */
export class PromptReceipts {
  readonly #hooks: ReceiptHooks;
  readonly #evidence = new Map<Party, string>();
  readonly #waiting = new Map<Party, PlayReported>();

  constructor(hooks: ReceiptHooks) {
    this.#hooks = hooks;
  }

  /** A prompt is over; what comes is about this one. */
  played(party: Party, { reported }: PlayReport): void {
    this.#evidence.delete(party);
    this.#waiting.delete(party);
    if (reported !== null) this.#waiting.set(party, reported);
  }

  /** The evidence of that prompt is written. */
  proved(party: Party, consentId: string): void {
    this.#evidence.set(party, consentId);
    const reported = this.#waiting.get(party);
    if (reported !== undefined) this.reported(party, reported);
  }

  reported(party: Party, reported: PlayReported): void {
    const consentId = this.#evidence.get(party);
    if (consentId === undefined) {
      this.#waiting.set(party, reported);
      return;
    }
    const { newId, write, callId, clock } = this.#hooks;
    const { packets, lost, roundTripMs, at } = reported;
    write({ id: newId(), consentId, callId, packets, lost, roundTripMs, at: rfc3339(wallOf(clock, at)) });
  }
}
