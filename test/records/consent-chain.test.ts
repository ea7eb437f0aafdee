import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../../src/kernel/canonical-json.ts';
import { chainEvidence, evidenceFault } from '../../src/records/consent-chain.ts';
import type { PromptReceipt } from '../../src/records/prompt-receipt.ts';
import type { ConsentFacts, ConsentRecord } from '../../src/records/consent-record.ts';
import { createEvidenceMac } from '../../src/storage/evidence-mac.ts';

const mac = createEvidenceMac({ id: 'kek-1', key: new Uint8Array(32).fill(7) });
const facts = (id: string): ConsentFacts => ({
  ...{ id, callId: 'call', recordingId: 'r', legId: 'leg', party: 'caller', outcome: 'agreed' },
  ...{ moment: 'on-answer', consent: 'opt-in', key: '1', at: '2026-11-27T10:00:00.000Z', ruleId: 'all' },
  ...{ purpose: 'quality', text: 'Press 1.', promptId: 'en', promptVersion: 'ab', language: 'en' },
  ...{ audioSha256: 'cd', codec: 'PCMA', packetsSent: 5, packetsExpected: 5 },
  ...{ firstPacketAt: '2026-11-27T09:59:50.000Z', lastPacketAt: '2026-11-27T09:59:55.000Z' },
  ...{ presentAtEnd: true, retainUntil: null },
});

function chain(length: number): ConsentRecord[] {
  const records: ConsentRecord[] = [];
  for (let n = 0; n < length; n++) records.push(chainEvidence(facts(`e${n}`), records.at(-1) ?? null, mac));
  return records;
}

describe('the evidence of one call', () => {
  it('holds as it was written, in whatever order it is read', () => {
    expect(evidenceFault(chain(3).reverse(), mac)).toBeNull();
    expect(evidenceFault([], mac)).toBeNull();
  });

  it('holds beside what was learnt since: reports of receivers are read back with it', () => {
    const read = chain(2).map((record) => ({ ...record, reported: null }));
    expect(evidenceFault(read, mac)).toBeNull();
  });

  it.each(Object.keys(chain(1)[0]!) as (keyof ConsentRecord)[])('is broken by a change of %s', (field) => {
    const records = chain(2);
    const value = records[1]![field];
    const changed =
      typeof value === 'number' ? value + 1 : typeof value === 'boolean' ? !value : `${value ?? ''}x`;
    expect(evidenceFault([records[0]!, { ...records[1]!, [field]: changed }], mac)).not.toBeNull();
  });

  it.each([0, 1])('is broken where piece %i of three is missing', (missing) => {
    expect(
      evidenceFault(
        chain(3).filter((_, n) => n !== missing),
        mac,
      ),
    ).toMatch(/missing/);
  });

  it('is broken where somebody without the key has written it anew', () => {
    const theirs = createEvidenceMac({ id: 'kek-1', key: new Uint8Array(32).fill(8) });
    const forged = chainEvidence({ ...facts('e0'), outcome: 'told' }, null, theirs);
    expect(evidenceFault([forged], mac)).toMatch(/not written by/);
  });

  it('says so where another key-encryption key has signed', () => {
    expect(evidenceFault(chain(1), { ...mac, keyId: 'kek-2' })).toMatch(/kek-1/);
  });
});

describe('a receiver report', () => {
  const told = chain(1);
  const report = (packets: number) => ({
    ...{ id: `r${packets}`, consentId: 'e0', callId: 'call', packets, lost: 1, roundTripMs: 20.5 },
    at: '2026-11-27T10:00:01.000Z',
  });
  const reports: PromptReceipt[] = [];
  for (const packets of [3, 5]) reports.push(chainEvidence(report(packets), reports.at(-1) ?? told[0]!, mac));

  it('that comes late is appended, and what was written before stays as it was', () => {
    expect(reports.map(({ position, previous }) => [position, previous])).toEqual([
      [1, told[0]!.digest],
      [2, reports[0]!.digest],
    ]);
    expect(evidenceFault([...told, ...reports], mac)).toBeNull();
    expect(evidenceFault(told, mac)).toBeNull();
  });

  it.each(Object.keys(reports[0]!) as (keyof PromptReceipt)[])('is broken by a change of %s', (field) => {
    const value = reports[0]![field];
    const changed = typeof value === 'number' ? value + 1 : `${value ?? ''}x`;
    expect(evidenceFault([...told, { ...reports[0]!, [field]: changed }, reports[1]!], mac)).not.toBeNull();
  });

  it('cannot be taken out, nor one be made up', () => {
    expect(evidenceFault([...told, reports[1]!], mac)).toMatch(/the receiver report r5 does not follow/);
    const theirs = createEvidenceMac({ id: 'kek-1', key: new Uint8Array(32).fill(8) });
    const forged = chainEvidence(report(9), told[0]!, theirs);
    expect(evidenceFault([...told, forged], mac)).toMatch(/the receiver report r9 was not written by/);
  });
});

describe('canonical JSON', () => {
  it('is the example of RFC 8785 §3.2.3, sorted by code units', () => {
    const value = {
      '\u20ac': 'Euro Sign',
      '\r': 'Carriage Return',
      1: 'One',
      '\u0080': 'Control',
      b: [true, null, 1e21],
    };
    expect(canonicalJson(value)).toBe(
      '{"\\r":"Carriage Return","1":"One","b":[true,null,1e+21],"\u0080":"Control","\u20ac":"Euro Sign"}',
    );
  });
});
