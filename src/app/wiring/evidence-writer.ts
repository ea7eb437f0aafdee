import type { ConsentFacts, ConsentRecord } from '../../records/consent-record.ts';
import { chainEvidence, type DigestMac } from '../../records/consent-chain.ts';

/** The evidence of one call as it grows: each piece is tied to the one before. */
export class EvidenceWriter {
  readonly #mac: DigestMac;
  readonly #write: (record: ConsentRecord) => void;
  #last: ConsentRecord | null = null;

  constructor(mac: DigestMac, write: (record: ConsentRecord) => void) {
    this.#mac = mac;
    this.#write = write;
  }

  /** Digest of the last piece; null: there is none. */
  get digest(): string | null {
    return this.#last?.digest ?? null;
  }

  add(facts: ConsentFacts): void {
    this.#last = chainEvidence(facts, this.#last, this.#mac);
    this.#write(this.#last);
  }
}
