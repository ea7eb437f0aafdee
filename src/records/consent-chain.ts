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
    position: before === null ? 0 : before.position + 1,
    previous: before?.digest ?? null,
    ...facts,
  };
  const digest = digestOf(linked);
  return { digest, macKeyId: mac.keyId, mac: mac.mac(digest), ...linked };
}

/** Why the evidence of one call is not what was written; null: it is. `records` are all that there is of the call. */
export function evidenceFault(records: readonly ConsentRecord[], mac: DigestMac): string | null {
  let previous: string | null = null;
  const inOrder = records.toSorted((a, b) => a.position - b.position);
  for (const [position, record] of inOrder.entries()) {
    const { digest, mac: written, macKeyId } = record;
    if (record.position !== position || record.previous !== previous)
      return `evidence ${record.id} does not follow the one before it: something is missing or was added`;
    if (digestOf(record) !== digest) return `evidence ${record.id} was changed after it was written`;
    if (macKeyId !== mac.keyId)
      return `evidence ${record.id} was signed under another key-encryption key (${macKeyId})`;
    if (mac.mac(digest) !== written) return `evidence ${record.id} was not written by this node's owner`;
    previous = digest;
  }
  return null;
}

type Linked = Omit<ConsentRecord, 'digest' | 'mac' | 'macKeyId'>;

/** Named one by one: a record that is read back may carry what was learnt since, such as what its receiver reported. */
const covered: Readonly<Record<keyof Linked, true>> = {
  ...{ id: true, callId: true, recordingId: true, legId: true, party: true },
  ...{ outcome: true, moment: true, consent: true, key: true, at: true },
  ...{ ruleId: true, purpose: true, text: true },
  ...{ promptId: true, promptVersion: true, language: true, audioSha256: true, codec: true },
  ...{ packetsSent: true, packetsExpected: true, firstPacketAt: true, lastPacketAt: true },
  ...{ presentAtEnd: true, retainUntil: true, position: true, previous: true },
};
/** In the order of RFC 8785 §3.2.3, so that what follows is the canonical JSON of these fields alone. */
const coveredFields = (Object.keys(covered) as (keyof Linked)[]).sort();

function digestOf(linked: Linked): string {
  const members = coveredFields.map((field) => `"${field}":${canonicalJson(linked[field])}`);
  return createHash('sha256')
    .update(`{${members.join(',')}}`)
    .digest('hex');
}
