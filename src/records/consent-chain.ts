import { createHash } from 'node:crypto';
import { canonicalJson } from '../kernel/canonical-json.ts';
import type { ConsentFacts, ConsentRecord } from './consent-record.ts';

/** Where the MAC of a digest comes from. */
export interface DigestMac {
  readonly keyId: string;
  mac(digest: string): string;
}

/** Evidence as the next link of its call's chain. */
export function chainEvidence(
  facts: ConsentFacts,
  before: Pick<ConsentRecord, 'position' | 'digest'> | null,
  mac: DigestMac,
): ConsentRecord {
  const linked = {
    ...facts,
    position: before === null ? 0 : before.position + 1,
    previous: before?.digest ?? null,
  };
  const digest = digestOf(linked);
  return { ...linked, digest, macKeyId: mac.keyId, mac: mac.mac(digest) };
}

/** Why the evidence of one call is not what was written; null: it is. `records` are all that there is of the call. */
export function evidenceFault(records: readonly ConsentRecord[], mac: DigestMac): string | null {
  let previous: string | null = null;
  const inOrder = records.toSorted((a, b) => a.position - b.position);
  for (const [position, record] of inOrder.entries()) {
    const { digest, mac: written, macKeyId, ...linked } = record;
    if (record.position !== position || record.previous !== previous)
      return `evidence ${record.id} does not follow the one before it: something is missing or was added`;
    if (digestOf(linked) !== digest) return `evidence ${record.id} was changed after it was written`;
    if (macKeyId !== mac.keyId)
      return `evidence ${record.id} was signed under another key-encryption key (${macKeyId})`;
    if (mac.mac(digest) !== written) return `evidence ${record.id} was not written by this node's owner`;
    previous = digest;
  }
  return null;
}

function digestOf(linked: Omit<ConsentRecord, 'digest' | 'mac' | 'macKeyId'>): string {
  return createHash('sha256')
    .update(canonicalJson({ ...linked }))
    .digest('hex');
}
