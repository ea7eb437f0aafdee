import type { Party } from '../records/call-record.ts';
import type { ConsentMoment, ConsentOutcome } from '../records/consent-record.ts';
import type { ConsentPlan } from './consent-plan.ts';

/** How the playing of a prompt ended, as the media worker reports it. */
export type PromptEnd = 'whole' | 'stopped' | 'no-codec' | 'no-remote';

/** How far the telling of one party has come. */
export interface LegState {
  /**
   * `asked`: it has heard the prompt, and must agree before there is a recording. `told` is all that is owed;
   * the others are ends without a recording.
   */
  readonly progress: 'owed' | 'playing' | 'asked' | 'told' | 'refused' | 'failed' | 'left';
  /** Its keys answer our question, and reach nobody else. */
  readonly asking: boolean;
  /** The key of an answer that waits for the prompt's end. */
  readonly key: string | null;
  readonly moment: ConsentMoment;
  /** Prompts of ours that were replaced by another, and whose end is still to be reported. */
  readonly replaced: number;
}

export interface ConsentState {
  /**
   * `waiting` for the answer, or for somebody to ask for a recording; `early`: the caller hears its prompt before anybody is dialled, `connecting` after
   * it; `telling`; `asking`: all were told and speak, somebody has yet to agree; `open`: recording runs;
   * `retelling`: it runs, and somebody has joined who is being told; `closed`: there is no recording; `over`.
   */
  readonly phase:
    | 'waiting'
    | 'early'
    | 'connecting'
    | 'telling'
    | 'asking'
    | 'open'
    | 'retelling'
    | 'closed'
    | 'over';
  readonly plan: ConsentPlan;
  readonly legs: Readonly<Record<Party, LegState>>;
}

export type ConsentEvent =
  /** The caller can hear us, and nobody has been dialled. */
  | { readonly type: 'early' }
  | { readonly type: 'answered' }
  /** Somebody has asked for a recording of a call that is up. */
  | { readonly type: 'demanded' }
  | { readonly type: 'played'; readonly party: Party; readonly end: PromptEnd }
  | { readonly type: 'key'; readonly party: Party; readonly key: string }
  /** The time for an answer is over. */
  | { readonly type: 'expired'; readonly party: Party }
  /** Somebody else is at this end now. */
  | { readonly type: 'joined'; readonly party: Party }
  | { readonly type: 'ended' };

/** Why there is no recording, or no more of it. */
export type Withheld = 'not-told' | 'not-agreed' | 'opted-out';

export type ConsentEffect =
  /** From here on nothing that a party says reaches the other one. */
  | { readonly type: 'close-gate' }
  | { readonly type: 'play'; readonly party: Party; readonly promptId: string }
  | { readonly type: 'stop'; readonly party: Party }
  /** The party's keys are ours from here on, and until. */
  | { readonly type: 'ask' | 'unask'; readonly party: Party }
  /** The prompt has ended: the answer has this long. */
  | { readonly type: 'await'; readonly party: Party; readonly withinMs: number }
  /** The caller was told: the callee may be dialled. */
  | { readonly type: 'connect' }
  /** Everyone was told, somebody has yet to agree: both directions open together, and nothing is recorded. */
  | { readonly type: 'speak' }
  /** Nothing more is owed: recording starts here, and both directions are open from there. */
  | { readonly type: 'open' }
  /** Recording goes on where it was. */
  | { readonly type: 'pause' | 'resume' }
  /** There will be no recording; the call may go on. */
  | { readonly type: 'open-unrecorded'; readonly reason: Withheld }
  /** What was recorded until now stays; no more of it. */
  | { readonly type: 'end-recording'; readonly reason: Withheld }
  /** What was recorded is destroyed, file and key. */
  | { readonly type: 'destroy'; readonly reason: Withheld }
  | {
      readonly type: 'evidence';
      readonly party: Party;
      readonly outcome: ConsentOutcome;
      readonly moment: ConsentMoment;
      readonly key: string | null;
    };

export interface ConsentStep {
  readonly state: ConsentState;
  readonly effects: readonly ConsentEffect[];
}
