import { type Clock, rfc3339 } from '../../kernel/clock.ts';
import { type RandomBytes, uuidV7 } from '../../kernel/ids.ts';
import type { Logger } from '../../kernel/logger.ts';
import type { Meter } from '../../kernel/meter.ts';
import type { Result } from '../../kernel/result.ts';
import type { PolicyReload } from '../../link/protocol.ts';
import { policyChanges, type PolicyDocument, policyDocument } from '../../policy/policy-document.ts';
import type { RecordEvent } from '../../records/record-event.ts';
import type { PromptLibrary } from '../prompt-library.ts';
import { ruleBookOf } from '../rule-book-of.ts';
import type { Settings } from '../settings.ts';
import type { ActivePolicy } from './verdict.ts';

/** A configuration that was read again. */
export interface ReadPolicy {
  readonly settings: Settings;
  readonly prompts: PromptLibrary;
}

export interface PolicyDeskPlan {
  readonly first: ReadPolicy;
  /** Reads and validates the configuration; an error is a line a fault. */
  readonly read: () => Result<ReadPolicy, readonly string[]>;
  /** The document that held last, also before this process began; null: none did. */
  readonly remembered: string | null;
  readonly remember: (document: string) => Promise<void>;
  /** Gives the prompts to who plays them. */
  readonly shelve: (prompts: PromptLibrary) => Promise<void>;
  readonly journal: { append(events: readonly RecordEvent[]): Promise<void> };
  readonly nodeId: string;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly logger: Logger;
  readonly meter: Meter;
}

/** Holds what calls are decided by, and replaces it whole or not at all while they run. */
export class PolicyDesk {
  readonly #plan: PolicyDeskPlan;
  #document: PolicyDocument;
  #active: ActivePolicy;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(plan: PolicyDeskPlan) {
    this.#plan = plan;
    this.#document = documentOf(plan.first);
    this.#active = policyOf(plan.first, this.#document);
  }

  get active(): ActivePolicy {
    return this.#active;
  }

  /** Writes down what holds from the start, where that is not what held before. Rejects when the journal does not take it. */
  async begin(): Promise<void> {
    const { remembered } = this.#plan;
    if (remembered === this.#document.text) return;
    await this.#writeDown(this.#document, policyChanges(remembered, this.#document.text), 'start');
  }

  /** One after the other. With `apply` false it only says what would come of it. */
  reload(apply: boolean, actor: string): Promise<PolicyReload> {
    const answer = this.#turn.then(() => this.#reload(apply, actor));
    // Its own caller is told of a fault; the next one only waits.
    this.#turn = answer.catch(() => undefined);
    return answer;
  }

  async #reload(apply: boolean, actor: string): Promise<PolicyReload> {
    const read = this.#plan.read();
    if (!read.ok) return this.#refused(read.error, apply, actor);
    const document = documentOf(read.value);
    const { version } = document;
    const { warnings } = read.value.settings;
    const changes = policyChanges(this.#document.text, document.text);
    if (!apply || changes.length === 0) return { version, changes, warnings, faults: [] };
    try {
      await this.#plan.shelve(read.value.prompts);
      await this.#writeDown(document, changes, actor);
    } catch (error) {
      return this.#refused([`the new policy could not be written down (${String(error)})`], apply, actor);
    }
    this.#document = document;
    this.#active = policyOf(read.value, document);
    this.#count('taken-up');
    this.#plan.logger.info('policy-reloaded', { version, actor, changes: changes.join('; ') });
    return { version, changes, warnings, faults: [] };
  }

  #refused(faults: readonly string[], apply: boolean, actor: string): PolicyReload {
    if (apply) this.#count('refused');
    for (const fault of faults) this.#plan.logger.error('policy-refused', { actor, fault });
    return { version: this.#document.version, changes: [], warnings: [], faults };
  }

  async #writeDown(document: PolicyDocument, changes: readonly string[], actor: string): Promise<void> {
    const { clock, random, nodeId, journal, remember } = this.#plan;
    const at = clock.wall();
    const { version, text } = document;
    const policy = {
      id: uuidV7(at, random),
      nodeId,
      version,
      at: rfc3339(at),
      actor,
      changes,
      document: text,
    };
    await journal.append([{ kind: 'policy', policy }]);
    await remember(text);
  }

  #count(result: 'taken-up' | 'refused'): void {
    this.#plan.meter
      .counter('onrecord_policy_reloads_total', 'Times the rules were read again while calls ran', { result })
      .add();
  }
}

function documentOf({ settings, prompts }: ReadPolicy): PolicyDocument {
  const { recording, purposes, consent } = settings.config;
  // The name of a file says nothing; what it sounds like does.
  const said = consent.prompts.map(({ id, language, purpose, text, tells }) => ({
    ...{ id, language, purpose, text, tells },
    audioSha256: prompts.get(id)?.audioSha256 ?? '',
  }));
  return policyDocument({ ...recording, purposes, prompts: said });
}

function policyOf({ settings, prompts }: ReadPolicy, { version }: PolicyDocument): ActivePolicy {
  return {
    ...{ version, prompts },
    rules: ruleBookOf(settings.config),
    queues: settings.config.recording.queues,
  };
}
