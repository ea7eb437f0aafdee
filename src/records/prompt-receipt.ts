import type { ChainLink } from './chain-link.ts';

/**
 * What a party's receiver reports (RFC 3550 §6.4.2) say of a prompt that it was sent: that it arrived, as far as
 * the party's own device counted. Written when a report has come, so mostly after the evidence; a later one that
 * reaches further does not replace it, but stands beside it.
 */
export interface ReceiptFacts {
  readonly id: string;
  /** The evidence that it belongs to. */
  readonly consentId: string;
  readonly callId: string;
  /** Of the prompt's packets, from the first: up to which one the report reaches. */
  readonly packets: number;
  /** Packets that the party missed up to the report's highest one. */
  readonly lost: number;
  /** There and back, where the report told; it shows that the party heard a report of ours, too. */
  readonly roundTripMs: number | null;
  /** When the report came. */
  readonly at: string;
}

/** A report as a link of its call's chain of evidence: one that comes late is appended, and alters nothing. */
export type PromptReceipt = ReceiptFacts & ChainLink;
