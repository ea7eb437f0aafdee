import { rfc3339 } from '../../kernel/clock.ts';
import { uuidV7 } from '../../kernel/ids.ts';
import type { CallRecord } from '../../records/call-record.ts';
import type { RecordEvent } from '../../records/record-event.ts';
import type { SessionDeps } from './session-deps.ts';

type BookDeps = Pick<SessionDeps, 'clock' | 'random' | 'journal' | 'alarm' | 'logger'>;

/** What is written down of one call: its own record, version by version, and what belongs to it. */
export class CallBook {
  readonly #deps: BookDeps;
  #call: CallRecord;

  /** `open`: the first version, of the instant at which it is made. It is not written by this. */
  constructor(deps: BookDeps, open: (now: string) => CallRecord) {
    this.#deps = deps;
    this.#call = open(this.now());
  }

  get call(): CallRecord {
    return this.#call;
  }

  /** The next version of the call's record. */
  save(change: Partial<CallRecord>): void {
    this.#call = { ...this.#call, ...change, version: this.#call.version + 1 };
    this.write([{ kind: 'call', call: this.#call }]);
  }

  /** Nobody waits for it; what the journal does not take is an alarm. */
  write(events: readonly RecordEvent[]): void {
    this.append(events).catch((error: unknown) => {
      this.unwritten(error);
    });
  }

  /** Durable when resolved. Rejects as the journal does. */
  append(events: readonly RecordEvent[]): Promise<void> {
    return this.#deps.journal.append(events);
  }

  unwritten(error: unknown): void {
    this.#deps.alarm('journal');
    this.#deps.logger.error('journal-refused', { callId: this.#call.id, error: String(error) });
  }

  now(): string {
    return rfc3339(this.#deps.clock.wall());
  }

  newId(): string {
    return uuidV7(this.#deps.clock.wall(), this.#deps.random);
  }
}
