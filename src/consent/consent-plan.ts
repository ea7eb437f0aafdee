import type { Party } from '../records/call-record.ts';

/** What a party may answer, and by which key. */
export interface Question {
  /** `opt-out`: the key ends the recording and destroys it. `opt-in`: no recording without the key. */
  readonly kind: 'opt-out' | 'opt-in';
  /** One of `0`-`9`, `*`, `#`. */
  readonly key: string;
  /** From the end of the prompt. */
  readonly withinMs: number;
}

/** What one party is owed before it may be recorded. */
export type LegPlan =
  | {
      readonly kind: 'prompt';
      readonly promptId: string;
      /** `before-connect` is for the caller: before anybody else is dialled. */
      readonly when: 'before-connect' | 'on-answer';
      /** Null: who stays on the line was told, and that is all (`consent: notice`). */
      readonly question: Question | null;
    }
  /** Told by others, in these words. */
  | { readonly kind: 'elsewhere'; readonly text: string };

export type ConsentPlan = Readonly<Record<Party, LegPlan>>;
