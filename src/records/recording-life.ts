import type { RecordingRecord, RecordingState } from './recording-record.ts';

/** What a sealed file is, as the recorder reports it. */
export type SealedFacts = Pick<
  RecordingRecord,
  | 'format'
  | 'durationMs'
  | 'sampleRate'
  | 'sizeBytes'
  | 'sha256'
  | 'objectKey'
  | 'objectSha256'
  | 'manifestSha256'
  | 'ledger'
>;

/**
 * `expected` → `preparing` (answered: key and spool are being made, the parties are being told) →
 * `beginning` → `recording` → `ending` → `done`; `recovering` where the recorder failed in between,
 * `destroying` where a party has refused, or nobody has asked. One that nobody has asked for yet is `standing-by` before
 * `beginning`: it runs, and nothing of it is kept but the last seconds, in memory.
 * `telling` is in the place of `beginning` where the file holds what the parties are told.
 */
export type LifePhase =
  | 'expected'
  | 'preparing'
  | 'standing-by'
  | 'telling'
  | 'beginning'
  | 'recording'
  | 'ending'
  | 'recovering'
  | 'destroying'
  | 'done';

export interface RecordingLife {
  readonly phase: LifePhase;
  readonly record: RecordingRecord;
  /** While preparing: the recorder is ready; everyone was told. */
  readonly prepared: boolean;
  readonly opened: boolean;
  /** Somebody wants it. One that is not asked for stands by, and is destroyed at the end. */
  readonly asked: boolean;
  /** The recorder stands by, and has yet to be told to keep what comes. */
  readonly standsBy: boolean;
  /** The file holds what the parties were told. */
  readonly holdsPrompts: boolean;
  /** While telling: it has begun; the parties speak, and are not recorded yet. */
  readonly begun: Begun | null;
  readonly muted: boolean;
  /** While recovering: why. */
  readonly fault: string | null;
  /** While ending before the call does: why. */
  readonly closing: string | null;
  /** A party has refused, and what there is will be destroyed: why. */
  readonly refused: string | null;
}

export interface Begun {
  readonly at: string;
  readonly retainUntil: string;
}

export type LifeEvent =
  /** The callee has answered; the caller's ACK is awaited. */
  | { readonly type: 'accepted' }
  | { readonly type: 'answered' }
  | { readonly type: 'prepared' }
  /** The parties are about to be told, and the file is to hold it. */
  | { readonly type: 'telling' }
  /** They were told and speak; somebody has yet to agree. */
  | { readonly type: 'questioned' }
  /** Everyone owed was told: recording may begin. */
  | { readonly type: 'opened' }
  /** The recorder runs, and keeps nothing yet. */
  | { readonly type: 'stood-by' }
  /** Somebody asks for what stood by until now. */
  | { readonly type: 'asked' }
  /** Somebody could not be told, or the recording is not wanted any more: it rightly does not come about. */
  | { readonly type: 'withheld'; readonly reason: string }
  | ({ readonly type: 'began' } & Begun)
  | { readonly type: 'stopped' }
  /** The call goes on with something that is no speech: what was said until then is kept. */
  | { readonly type: 'diverted'; readonly reason: string }
  /** A party has refused: nothing of it may stay. */
  | { readonly type: 'refused'; readonly reason: string }
  /** The recorder has removed its spool. */
  | { readonly type: 'discarded' }
  /** `undecoded`: packets that nothing here decodes stand beside it. */
  | { readonly type: 'sealed'; readonly facts: SealedFacts; readonly undecoded?: boolean }
  /** It should be there and something of ours failed: a slug. */
  | { readonly type: 'failed'; readonly reason: string }
  /** What recovery made of the spool; null: nothing was there. Complete: it had ended in order. */
  | {
      readonly type: 'recovered';
      readonly facts: SealedFacts;
      readonly complete: boolean;
      readonly undecoded?: boolean;
    }
  | { readonly type: 'recovered'; readonly facts: null }
  /** The spool could not be sealed yet, and stays: a disk is full. */
  | { readonly type: 'unrecovered' }
  | { readonly type: 'ended' };

export type LifeEffect =
  /** Make key and spool. */
  | { readonly type: 'prepare' }
  | { readonly type: 'begin' }
  /** Of what stands by: kept from here on, with what there is of before. */
  | { readonly type: 'keep' }
  /** Begin with what is played alone; with what is said once both directions `open`. */
  | { readonly type: 'begin-telling' }
  | { readonly type: 'open' }
  /** What is said goes no further than to the other party. */
  | { readonly type: 'mute' | 'unmute' }
  | { readonly type: 'end' }
  | { readonly type: 'discard' }
  | { readonly type: 'recover' }
  /** Its key, and the sealed object if there is one: gone for good. */
  | { readonly type: 'destroy'; readonly objectKey: string | null }
  /** Write the new version of the record down. */
  | { readonly type: 'save'; readonly record: RecordingRecord }
  /** The call goes on without a recording that it was owed: `onFailure` decides, an alarm is raised. */
  | { readonly type: 'alarm'; readonly reason: string };

export interface LifeStep {
  readonly life: RecordingLife;
  readonly effects: readonly LifeEffect[];
}

/** `asked` false: nobody wants it yet, and it is to stand by. */
export function expectRecording(record: RecordingRecord, asked = true): RecordingLife {
  return {
    phase: 'expected',
    record,
    prepared: false,
    opened: false,
    asked,
    standsBy: !asked,
    holdsPrompts: false,
    begun: null,
    muted: false,
    fault: null,
    closing: null,
    refused: null,
  };
}

/** One recording from "it is owed" to a terminal state. Events that a phase does not know change nothing. */
export function stepLife(life: RecordingLife, event: LifeEvent): LifeStep {
  const unasked = life.asked ? null : stepUnasked(life, event);
  if (unasked !== null) return unasked;
  switch (life.phase) {
    case 'expected':
      return stepExpected(life, event);
    case 'preparing':
      return stepPreparing(life, event);
    case 'telling':
      return stepTelling(life, event);
    case 'standing-by':
    case 'beginning':
    case 'recording':
      return stepRecording(life, event);
    case 'ending':
      return stepEnding(life, event);
    case 'recovering':
      return stepRecovering(life, event);
    case 'destroying':
      return stepDestroying(life, event);
    case 'done':
      return stepDone(life, event);
  }
}

const unaskedPhases: readonly LifePhase[] = ['expected', 'preparing', 'beginning', 'standing-by'];

/** Nobody has asked: what fails or ends is not missed, and nothing of it stays. Null: as of any other. */
function stepUnasked(life: RecordingLife, event: LifeEvent): LifeStep | null {
  if (!unaskedPhases.includes(life.phase)) return null;
  switch (event.type) {
    case 'asked':
      if (life.phase !== 'standing-by') return { life: { ...life, asked: true }, effects: [] };
      return { life: { ...life, asked: true, phase: 'beginning' }, effects: [{ type: 'keep' }] };
    case 'ended':
    case 'diverted':
    case 'withheld':
      return { life: { ...life, phase: 'destroying', refused: unwanted }, effects: [{ type: 'discard' }] };
    case 'refused':
      return {
        life: { ...life, phase: 'destroying', refused: event.reason },
        effects: [{ type: 'discard' }],
      };
    case 'failed':
      return finish(life, 'none', event.reason, [
        ...[{ type: 'end' } as const, { type: 'discard' } as const],
        { type: 'destroy', objectKey: null },
      ]);
    default:
      return null;
  }
}

/** Of what stood by to the end of its call. */
const unwanted = 'not-asked';

function stepExpected(life: RecordingLife, event: LifeEvent): LifeStep {
  switch (event.type) {
    case 'accepted':
    case 'answered':
      return { life: { ...life, phase: 'preparing' }, effects: [{ type: 'prepare' }] };
    case 'ended':
      return finish(life, 'none', 'not-answered');
    // The caller could not be told before the callee was dialled.
    case 'withheld':
      return finish(life, 'none', event.reason, [{ type: 'alarm', reason: event.reason }]);
    case 'diverted':
    case 'refused':
      return finish(life, 'none', event.reason);
    case 'failed':
      return finish(life, 'failed', event.reason, [{ type: 'alarm', reason: event.reason }]);
    default:
      return stay(life);
  }
}

function stepPreparing(life: RecordingLife, event: LifeEvent): LifeStep {
  switch (event.type) {
    case 'prepared':
      return life.opened ? begin(life) : { life: { ...life, prepared: true }, effects: [] };
    case 'opened':
      return life.prepared ? begin(life) : { life: { ...life, opened: true }, effects: [] };
    // A recorder that is not ready holds no prompt: what is said after it is recorded all the same.
    case 'telling':
      if (!life.prepared) return stay(life);
      return {
        life: { ...life, phase: 'telling', holdsPrompts: true },
        effects: [{ type: 'begin-telling' }],
      };
    case 'ended':
      // Told, and the recorder was not ready: that is ours.
      if (life.opened) return lost(life, 'not-prepared');
      return finish(life, 'none', 'left-before-told', [{ type: 'discard' }]);
    case 'diverted':
      return finish(life, 'none', event.reason, [{ type: 'discard' }]);
    case 'refused':
      return finish(life, 'none', event.reason, [{ type: 'discard' }, { type: 'destroy', objectKey: null }]);
    case 'withheld':
      return finish(life, 'none', event.reason, [
        { type: 'discard' },
        { type: 'alarm', reason: event.reason },
      ]);
    case 'failed':
      return lost(life, event.reason);
    default:
      return stay(life);
  }
}

function lost(life: RecordingLife, reason: string): LifeStep {
  return finish(life, 'failed', reason, [{ type: 'discard' }, { type: 'alarm', reason }]);
}

function begin(life: RecordingLife): LifeStep {
  return { life: { ...life, phase: 'beginning' }, effects: [{ type: 'begin' }] };
}

/** It runs, and holds nothing but prompts: of what does not come about nothing is kept. */
function stepTelling(life: RecordingLife, event: LifeEvent): LifeStep {
  switch (event.type) {
    case 'began':
      return { life: { ...life, begun: event }, effects: [] };
    case 'questioned':
      return life.muted ? stay(life) : { life: { ...life, muted: true }, effects: [{ type: 'mute' }] };
    case 'opened':
      return open(life);
    case 'ended':
      return undo(life, 'left-before-told');
    case 'diverted':
    case 'refused':
      return undo(life, event.reason);
    case 'withheld':
      return undo(life, event.reason, [{ type: 'alarm', reason: event.reason }]);
    case 'failed':
      return finish(life, 'failed', event.reason, [
        { type: 'discard' },
        { type: 'end' },
        { type: 'destroy', objectKey: null },
        { type: 'alarm', reason: event.reason },
      ]);
    default:
      return stay(life);
  }
}

function open(life: RecordingLife): LifeStep {
  const effects: LifeEffect[] = life.muted ? [{ type: 'unmute' }, { type: 'open' }] : [{ type: 'open' }];
  if (life.begun === null) return { life: { ...life, phase: 'beginning' }, effects };
  const saved = began(life, 'recording', life.begun);
  return { life: saved.life, effects: [...effects, ...saved.effects] };
}

/** Muted first: nothing that is said reaches the spool while that is being removed. */
function undo(life: RecordingLife, reason: string, effects: readonly LifeEffect[] = []): LifeStep {
  return {
    life: { ...life, phase: 'destroying', refused: reason },
    effects: [{ type: 'mute' }, { type: 'discard' }, ...effects],
  };
}

function stepRecording(life: RecordingLife, event: LifeEvent): LifeStep {
  switch (event.type) {
    case 'stood-by':
      // Asked for meanwhile.
      if (life.asked) return { life, effects: [{ type: 'keep' }] };
      return { life: { ...life, phase: 'standing-by' }, effects: [] };
    case 'began':
      return began(life, 'recording', event);
    case 'ended':
    case 'stopped':
      return { life: { ...life, phase: 'ending' }, effects: [{ type: 'end' }] };
    case 'diverted':
      return { life: { ...life, phase: 'ending', closing: event.reason }, effects: [{ type: 'end' }] };
    case 'refused':
      return {
        life: { ...life, phase: 'destroying', refused: event.reason },
        effects: [{ type: 'discard' }],
      };
    // The media was closed before the word of the call's end had come.
    case 'sealed':
      return sealed(life, event);
    case 'failed':
      return recover(life, event.reason, [{ type: 'end' }, { type: 'alarm', reason: event.reason }]);
    default:
      return stay(life);
  }
}

function stepEnding(life: RecordingLife, event: LifeEvent): LifeStep {
  switch (event.type) {
    case 'refused':
      return { life: { ...life, refused: event.reason }, effects: [] };
    // The call ended before the media worker's word of the beginning had come.
    case 'began':
      return began(life, 'ending', event);
    case 'sealed':
      if (life.refused !== null) return destroyed(life, event.facts.objectKey);
      return sealed(life, event);
    case 'failed':
      return recover(life, event.reason, [{ type: 'alarm', reason: event.reason }]);
    default:
      return stay(life);
  }
}

/** The spool goes first, while packets still come to nothing; the end of the call may have sealed it meanwhile. */
function stepDestroying(life: RecordingLife, event: LifeEvent): LifeStep {
  switch (event.type) {
    case 'discarded':
    case 'failed':
      return destroyed(life, null);
    case 'sealed':
      return destroyed(life, event.facts.objectKey);
    default:
      return stay(life);
  }
}

function destroyed(life: RecordingLife, objectKey: string | null): LifeStep {
  return finish(life, 'none', life.refused, [{ type: 'end' }, { type: 'destroy', objectKey }]);
}

/** Who refuses after the recording was stopped means that one, too. */
function stepDone(life: RecordingLife, event: LifeEvent): LifeStep {
  const { objectKey } = life.record;
  if (event.type !== 'refused' || objectKey === null) return stay(life);
  const record = { ...life.record, ...nothingKept };
  return finish({ ...life, record }, 'none', event.reason, [{ type: 'destroy', objectKey }]);
}

const nothingKept = {
  ...{ durationMs: null, sizeBytes: null, sha256: null, ledger: [] },
  ...{ objectKey: null, objectSha256: null, manifestSha256: null },
};

function stepRecovering(life: RecordingLife, event: LifeEvent): LifeStep {
  if (event.type === 'refused') return { life: { ...life, refused: event.reason }, effects: [] };
  if (event.type === 'unrecovered') {
    // Said once: it has failed until there is room for what was spooled.
    if (life.record.state === 'failed') return stay(life);
    return save(life, { state: 'failed', reason: life.fault, spooled: true });
  }
  if (event.type !== 'recovered') return stay(life);
  if (life.refused !== null) return destroyed(life, event.facts?.objectKey ?? null);
  if (event.facts === null) return finish(life, 'failed', life.fault);
  const found = { ...life, record: { ...life.record, ...event.facts } };
  return event.complete ? sealed(life, event) : finish(found, 'interrupted', life.fault);
}

/** Why it is not what one expects of a recording: it ends before its call, or part of it is still to be decoded. */
function sealed(
  life: RecordingLife,
  { facts, undecoded = false }: { readonly facts: SealedFacts; readonly undecoded?: boolean },
): LifeStep {
  const reason = life.closing ?? (undecoded ? 'undecoded' : null);
  return finish({ ...life, record: { ...life.record, ...facts } }, 'sealed', reason);
}

function began(life: RecordingLife, phase: 'recording' | 'ending', event: Begun): LifeStep {
  return save(
    { ...life, phase },
    { state: 'recording', startedAt: event.at, retainUntil: event.retainUntil },
  );
}

function recover(life: RecordingLife, reason: string, effects: readonly LifeEffect[]): LifeStep {
  return {
    life: { ...life, phase: 'recovering', fault: reason },
    effects: [...effects, { type: 'recover' }],
  };
}

function finish(
  life: RecordingLife,
  state: RecordingState,
  reason: string | null,
  effects: readonly LifeEffect[] = [],
): LifeStep {
  const rescued = life.record.spooled === true ? { spooled: false } : {};
  const saved = save({ ...life, phase: 'done' }, { state, reason, ...rescued });
  return { life: saved.life, effects: [...effects, ...saved.effects] };
}

function save(life: RecordingLife, change: Partial<RecordingRecord>): LifeStep {
  const record: RecordingRecord = { ...life.record, ...change, version: life.record.version + 1 };
  return { life: { ...life, record }, effects: [{ type: 'save', record }] };
}

function stay(life: RecordingLife): LifeStep {
  return { life, effects: [] };
}
