import { rfc3339, type WallMs } from '../../kernel/clock.ts';
import type { LegPlan } from '../../consent/consent-plan.ts';
import type { PlayReport, PlayReported } from '../../media/protocol.ts';
import type { Party } from '../../records/call-record.ts';
import type { ConsentFacts } from '../../records/consent-record.ts';
import type { RecordEvent } from '../../records/record-event.ts';
import type { PromptLibrary } from '../prompt-library.ts';
import { evidenceOf } from './consent-evidence.ts';
import { EvidenceWriter } from './evidence-writer.ts';
import { PromptReceipts } from './prompt-receipts.ts';
import type { SessionDeps } from './session-deps.ts';

interface EvidencePlan extends Pick<SessionDeps, 'clock' | 'mac' | 'keepEvidenceMs'> {
  readonly callId: string;
  readonly ruleId: string | null;
  readonly legIds: Readonly<Record<Party, string>>;
  readonly prompts: PromptLibrary;
  readonly newId: () => string;
  readonly write: (event: RecordEvent) => void;
}

type Found = Pick<ConsentFacts, 'party' | 'outcome' | 'moment' | 'key' | 'recordingId' | 'purpose'>;

/** What stands in the records about what the parties of one call were told. */
export class CallEvidence {
  readonly #plan: EvidencePlan;
  readonly #writer: EvidenceWriter;
  readonly #receipts: PromptReceipts;
  /** What was found last of each party. */
  readonly #proven = new Map<Party, readonly [Found, LegPlan | null, PlayReport | null]>();

  constructor(plan: EvidencePlan) {
    this.#plan = plan;
    const { write, mac } = plan;
    this.#writer = new EvidenceWriter(mac);
    this.#receipts = new PromptReceipts({
      ...plan,
      write: (receipt) => {
        write({ kind: 'receipt', receipt: this.#writer.next(receipt) });
      },
    });
  }

  /** Of the last piece; null: there is none. */
  get digest(): string | null {
    return this.#writer.digest;
  }

  played(party: Party, report: PlayReport): void {
    this.#receipts.played(party, report);
  }

  reported(party: Party, reported: PlayReported): void {
    this.#receipts.reported(party, reported);
  }

  prove(found: Found, plan: LegPlan | null, report: PlayReport | null): void {
    this.#proven.set(found.party, [found, plan, report]);
    const { clock, keepEvidenceMs, callId, ruleId, legIds, prompts, newId, write } = this.#plan;
    const until = rfc3339((clock.wall() + keepEvidenceMs) as WallMs);
    const id = newId();
    const facts = evidenceOf({
      id,
      callId,
      ruleId,
      legId: legIds[found.party],
      retainUntil: found.recordingId === null ? until : null,
      plan,
      prompts,
      report,
      clock,
      ...found,
    });
    write({ kind: 'consent', consent: this.#writer.next(facts) });
    if (report !== null) this.#receipts.proved(found.party, id);
  }

  /** The parties were told before a recording of theirs began: what was found of them stands for it, too. */
  proveFor(recordingId: string): void {
    for (const [found, plan, report] of [...this.#proven.values()])
      this.prove({ ...found, recordingId }, plan, report);
  }

  /** A call that is not to be recorded has proof of that, too. */
  proveUnrecorded(): void {
    const found = { outcome: 'not-recorded', moment: 'on-answer', key: null } as const;
    for (const party of ['caller', 'callee'] as const)
      this.prove({ party, recordingId: null, purpose: null, ...found }, null, null);
  }
}
