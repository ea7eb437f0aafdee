import type { ChainLink } from '../../records/chain-link.ts';
import { chainEvidence, type DigestMac } from '../../records/consent-chain.ts';
import type { ConsentFacts } from '../../records/consent-record.ts';
import type { ReceiptFacts } from '../../records/prompt-receipt.ts';

/** The evidence of one call as it grows: each piece is tied to the one before. */
export class EvidenceWriter {
  readonly #mac: DigestMac;
  #last: ChainLink | null = null;

  constructor(mac: DigestMac) {
    this.#mac = mac;
  }

  /** Digest of the last piece; null: there is none. */
  get digest(): string | null {
    return this.#last?.digest ?? null;
  }

  next<F extends ConsentFacts | ReceiptFacts>(facts: F): F & ChainLink {
    const record = chainEvidence(facts, this.#last, this.#mac);
    this.#last = record;
    return record;
  }
}
