import { err, ok, type Result } from '../kernel/result.ts';
import type { Schedule } from '../kernel/timers.ts';
import type { AskFault } from './ports.ts';
import type { LinkAnswer, LinkRequest, LinkValue } from './protocol.ts';

/** Unanswered requests a connection may carry. */
const maxPending = 256;

type Answered = Result<LinkValue, AskFault>;

interface Pending {
  readonly method: LinkRequest['method'];
  readonly settle: (answer: Answered) => void;
}

/** The requests of one connection that wait for an answer; they end with it, as a whole. */
export class PendingRequests {
  readonly #schedule: Schedule;
  readonly #pending = new Map<number, Pending>();
  #nextId = 1;

  constructor(schedule: Schedule) {
    this.#schedule = schedule;
  }

  /** `send` gets the number the answer will carry; false from it: the connection is gone. */
  ask(method: LinkRequest['method'], withinMs: number, send: (id: number) => boolean): Promise<Answered> {
    if (this.#pending.size >= maxPending) return Promise.resolve(err('overload'));
    const id = this.#nextId++;
    return new Promise((resolve) => {
      const cancel = this.#schedule(withinMs, () => {
        this.#settle(id, err('timeout'));
      });
      const settle = (answer: Answered): void => {
        cancel();
        resolve(answer);
      };
      this.#pending.set(id, { method, settle });
      if (!send(id)) this.#settle(id, err('unreachable'));
    });
  }

  /** An answer that came too late is of no use to anybody and is dropped. */
  answered(id: number, answer: LinkAnswer): void {
    if (!answer.ok) {
      this.#settle(id, err(answer.code));
      return;
    }
    const { value } = answer;
    this.#settle(id, this.#pending.get(id)?.method === value.method ? ok(value) : err('failed'));
  }

  close(): void {
    for (const id of [...this.#pending.keys()]) this.#settle(id, err('unreachable'));
  }

  #settle(id: number, answer: Answered): void {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    pending?.settle(answer);
  }
}
