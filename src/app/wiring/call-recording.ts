import { type MonotonicMs, rfc3339, wallOf, type WallMs } from '../../kernel/clock.ts';
import type { WantedRecording } from '../../policy/decide.ts';
import type { KeyRecord } from '../../records/key-record.ts';
import {
  expectRecording,
  type LifeEffect,
  type LifeEvent,
  type RecordingLife,
  stepLife,
} from '../../records/recording-life.ts';
import type { RecordingRecord } from '../../records/recording-record.ts';
import { recordingSeal } from '../../records/recording-seal.ts';
import type { EndReason } from '../../records/call-record.ts';
import type { MediaHandle, SessionEvent } from '../media-pool.ts';
import type { RecorderEvent } from '../recorder-pool.ts';
import { boundPreparation } from './bound-preparation.ts';
import type { CallBook } from './call-book.ts';
import { destroyRecording } from './destroy-recording.ts';
import { expectedRecording } from './first-records.ts';
import { journalReason } from './journal-refusal.ts';
import { carryOutOnMedia, type MediaEffect } from './life-on-media.ts';
import { lifeEventOfRecorder } from './life-event-of.ts';
import { LookbackStart } from './lookback-start.ts';
import { recordingSpec } from './recording-spec.ts';
import { rescueSpool } from './rescue-spool.ts';
import type { SessionDeps } from './session-deps.ts';

type Tapped = Extract<SessionEvent, { readonly type: 'tapped' }>['mark'];

/** What a recording asks of its call. */
export interface RecordedCall {
  readonly book: CallBook;
  /** Null: it has no sockets. */
  readonly media: Pick<MediaHandle, 'begin' | 'mark' | 'gate'> | null;
  /** Encoding names that were agreed. */
  readonly codecs: Iterable<string>;
  /** The sound by which its parties know that they are still recorded; null: they are to hear none. */
  readonly beep: string | null;
  /** Of the last piece of what the parties were told. */
  readonly evidence: string | null;
  /** The recorder says where a mark took effect. */
  marked(event: Extract<RecorderEvent, { readonly type: 'marked' }>): void;
  /** Ends the call, where it is not over. */
  hangUp(reason: EndReason): void;
  /** Both directions are open, after what the parties were told is in it. */
  opened(): void;
  /** The recorder is ready for it, or there will be none. */
  settled(): void;
  /** Nothing more comes of it. */
  done(): void;
}

/** One recording of a call, from when it is owed: what happens to it, and what is done because of it. */
export class CallRecording {
  readonly wanted: WantedRecording;
  readonly #deps: SessionDeps;
  readonly #call: RecordedCall;
  /** What it goes by in taps and messages. */
  readonly #number: number;
  readonly #lookback = new LookbackStart();
  #life: RecordingLife;
  #key: KeyRecord | null = null;
  #samplesPerMs = 1;

  /** `asked` false: nobody wants it yet, and it is to stand by. Nothing is written down by this. */
  constructor(deps: SessionDeps, call: RecordedCall, wanted: WantedRecording, asked = true) {
    this.#deps = deps;
    this.#call = call;
    this.wanted = wanted;
    const facts = {
      id: call.book.newId(),
      callId: call.book.call.id,
      nodeId: deps.nodeId,
      retainUntil: this.#retainUntil(deps.clock.wall()),
    };
    this.#life = expectRecording(expectedRecording(wanted, facts), asked);
    this.#number = deps.recorders.enlist((event) => {
      this.#onRecorder(event);
    });
  }

  get life(): RecordingLife {
    return this.#life;
  }

  get record(): RecordingRecord {
    return this.#life.record;
  }

  get isOver(): boolean {
    return this.#life.phase === 'done';
  }

  /** It runs, or is made ready to, and nobody has asked for it. */
  get standsBy(): boolean {
    return !this.#life.asked && !this.isOver;
  }

  /** Whether the rule has no call without it. */
  get isOwedToCall(): boolean {
    return this.#life.asked && this.wanted.rule.onFailure === 'refuse';
  }

  step(event: LifeEvent): void {
    const { life, effects } = stepLife(this.#life, event);
    this.#life = life;
    for (const effect of effects) this.#carryOut(effect);
    if (life.prepared || life.phase === 'done') this.#call.settled();
    if (life.phase === 'done') this.#call.done();
  }

  /** Everyone was told: it begins, and with it both directions open; at once, or as soon as the recorder is ready. */
  open(): void {
    this.step({ type: 'opened' });
    if (this.#isPreparing()) this.#bound();
  }

  mark(mark: 'pause' | 'resume'): void {
    this.#call.media?.mark(mark, this.#number);
  }

  /** The media worker says that a mark stands in the tap. */
  tapped(mark: Tapped, at: MonotonicMs): void {
    if (mark === 'keep') this.#lookback.asked(at);
    else if (mark !== 'begin') return;
    else if (this.#life.standsBy) this.step({ type: 'stood-by' });
    else this.#began(at);
    this.#beganBefore();
  }

  /** Its media are gone: no end mark will come. */
  mediaLost(): void {
    const begun = ['beginning', 'recording', 'ending'].includes(this.#life.phase);
    if (begun) this.#deps.recorders.abandon(this.#number, 'media-lost');
    else this.step({ type: 'failed', reason: 'media-lost' });
  }

  /** Nothing more is to be heard of it. */
  release(): void {
    this.#deps.recorders.release(this.#number);
  }

  #onRecorder(event: RecorderEvent): void {
    if (event.type === 'marked') {
      this.#call.marked(event);
      if (event.mark === 'begin' && this.#life.standsBy) {
        this.#lookback.kept(event.samplePosition / this.#samplesPerMs);
        this.#beganBefore();
      }
      return;
    }
    const meant = lifeEventOfRecorder(event, this.#life.phase);
    if (meant !== null) this.step(meant);
  }

  /** A recording that stood by began before it was asked for. */
  #beganBefore(): void {
    const { beganAt } = this.#lookback;
    if (beganAt !== null) this.#began(beganAt);
  }

  #began(at: MonotonicMs): void {
    const wall = wallOf(this.#deps.clock, at);
    this.step({ type: 'began', at: rfc3339(wall), retainUntil: this.#retainUntil(wall) });
  }

  #carryOut(effect: LifeEffect): void {
    switch (effect.type) {
      case 'prepare':
        void this.#prepare();
        return;
      case 'discard':
        this.#deps.recorders.discard(this.#number);
        return;
      case 'recover':
        rescueSpool(this.#deps, this.#key, (event) => {
          this.step(event);
        });
        return;
      case 'save':
        this.#call.book.write([{ kind: 'recording', recording: this.#signed(effect.record) }]);
        return;
      case 'destroy':
        void destroyRecording(this.#deps, this.record, effect.objectKey);
        return;
      case 'alarm':
        this.#lost(effect.reason);
        return;
      default:
        this.#onMedia(effect);
        if (effect.type === 'open') this.#call.opened();
    }
  }

  #onMedia(effect: MediaEffect): void {
    const { media, beep: sound } = this.#call;
    const { beep } = this.wanted.rule;
    const order = beep && sound !== null ? { sound, everyMs: beep.everySeconds * 1000 } : undefined;
    if (media !== null) carryOutOnMedia(media, { recording: this.#number, beep: order }, effect);
  }

  /** A key that has been made may meet a call that is over already: then nothing is to be prepared. */
  #isPreparing(): boolean {
    return this.#life.phase === 'preparing';
  }

  /** With what it stands on: the evidence so far, and once it is sealed a MAC over all of it. */
  #signed(record: RecordingRecord): RecordingRecord {
    const proven = { ...record, consentDigest: this.#call.evidence };
    const isSealed = record.objectKey !== null;
    return isSealed ? { ...proven, seal: recordingSeal(proven, this.#deps.mac) } : proven;
  }

  #bound(): void {
    boundPreparation(this.#deps.schedule, {
      isUnderWay: () => this.#isPreparing(),
      mustRecord: this.isOwedToCall,
      fail: () => {
        this.step({ type: 'failed', reason: 'not-prepared' });
      },
      speak: () => {
        this.#deps.logger.warn('recording-late', { callId: this.#call.book.call.id });
        this.#call.media?.gate(true);
      },
    });
  }

  /** The key is on the disk before the first byte that it protects. */
  async #prepare(): Promise<void> {
    const { book, codecs } = this.#call;
    try {
      const { key, spoolSecret } = await this.#deps.keys.create(this.record.id);
      if (!this.#isPreparing()) return;
      this.#key = key;
      await book.append([{ kind: 'key', key }]);
      if (!this.#isPreparing()) return;
      const { record, standsBy } = this.#life;
      const { rule } = this.wanted;
      const facts = { rule, call: book.call, record, standsBy, codecs, key, spoolSecret };
      const spec = recordingSpec(this.#deps.tagParties, facts);
      this.#samplesPerMs = spec.sampleRate / 1000;
      this.#deps.recorders.prepare(this.#number, spec);
    } catch (error) {
      this.#deps.logger.error('recording-not-prepared', { callId: book.call.id, error: String(error) });
      this.step({ type: 'failed', reason: journalReason(error) });
    }
  }

  /** Nobody stays muted because a recorder failed; whether the call goes on is the rule's word. */
  #lost(reason: string): void {
    this.#deps.alarm(reason);
    this.#deps.logger.error('recording-lost', { callId: this.#call.book.call.id, reason });
    this.#call.media?.gate(true);
    if (!this.isOwedToCall) return;
    // Who was not recorded at all has nothing to finish.
    const graceMs = this.record.startedAt !== null ? this.wanted.rule.graceSeconds * 1000 : 0;
    const hangUp = (): void => {
      this.#call.hangUp('recording-failed');
    };
    if (graceMs === 0) hangUp();
    else this.#deps.schedule(graceMs, hangUp);
  }

  #retainUntil(from: WallMs): string {
    return rfc3339((from + this.wanted.retentionMs) as WallMs);
  }
}
