import { createHash } from 'node:crypto';
import { canonicalJson } from '../kernel/canonical-json.ts';
import type { ChainLink } from './chain-link.ts';
import type { ConsentFacts, ConsentRecord } from './consent-record.ts';
import type { PromptReceipt, ReceiptFacts } from './prompt-receipt.ts';

/** Where the MAC of a digest comes from. */
export interface DigestMac {
  readonly keyId: string;
  mac(digest: string): string;
}

/** A piece of evidence of one call: what a party was told, or what it reported of it. */
export type Evidence = ConsentRecord | PromptReceipt;

type Facts = ConsentFacts | ReceiptFacts;
type Linked<F extends Facts = Facts> = F & Pick<ChainLink, 'position' | 'previous'>;

/** Evidence as the next link of its call's chain. */
export function chainEvidence<F extends Facts>(
  facts: F,
  before: Pick<ChainLink, 'position' | 'digest'> | null,
  mac: DigestMac,
): F & ChainLink {
  const linked = {
    ...facts,
    position: before === null ? 0 : before.position + 1,
    previous: before?.digest ?? null,
  };
  const digest = digestOf(linked);
  return { ...linked, digest, macKeyId: mac.keyId, mac: mac.mac(digest) };
}

/** Why the evidence of one call is not what was written; null: it is. `records` are all that there is of the call. */
export function evidenceFault(records: readonly Evidence[], mac: DigestMac): string | null {
  let previous: string | null = null;
  const inOrder = records.toSorted((a, b) => a.position - b.position);
  for (const [position, record] of inOrder.entries()) {
    const { digest, mac: written, macKeyId } = record;
    const name = `${isReceipt(record) ? 'the receiver report' : 'evidence'} ${record.id}`;
    if (record.position !== position || record.previous !== previous)
      return `${name} does not follow the one before it: something is missing or was added`;
    if (digestOf(record) !== digest) return `${name} was changed after it was written`;
    if (macKeyId !== mac.keyId) return `${name} was signed under another key-encryption key (${macKeyId})`;
    if (mac.mac(digest) !== written) return `${name} was not written by this node's owner`;
    previous = digest;
  }
  return null;
}

function isReceipt(record: Linked): record is Linked<ReceiptFacts> {
  return 'consentId' in record;
}

/** Named one by one: a record that is read back may carry what was learnt since, such as what its receiver reported. */
const ofConsent: Readonly<Record<keyof Linked<ConsentFacts>, true>> = {
  ...{ id: true, callId: true, recordingId: true, legId: true, party: true },
  ...{ outcome: true, moment: true, consent: true, key: true, at: true },
  ...{ ruleId: true, purpose: true, text: true },
  ...{ promptId: true, promptVersion: true, language: true, audioSha256: true, codec: true },
  ...{ packetsSent: true, packetsExpected: true, firstPacketAt: true, lastPacketAt: true },
  ...{ presentAtEnd: true, retainUntil: true, position: true, previous: true },
};
const ofReceipt: Readonly<Record<keyof Linked<ReceiptFacts>, true>> = {
  ...{ id: true, consentId: true, callId: true, packets: true, lost: true, roundTripMs: true, at: true },
  ...{ position: true, previous: true },
};

function digestOf(linked: Linked): string {
  const values = new Map<string, string | number | boolean | null>(Object.entries(linked));
  const fields = Object.keys(isReceipt(linked) ? ofReceipt : ofConsent);
  return createHash('sha256')
    .update(canonicalJson(Object.fromEntries(fields.map((field) => [field, values.get(field) ?? null]))))
    .digest('hex');
}
