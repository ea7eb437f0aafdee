import { rfc3339, type MonotonicMs, wallOf, type WallMs } from '../../kernel/clock.ts';
import { uuidV7 } from '../../kernel/ids.ts';
import type { LinkAnswer } from '../../link/protocol.ts';
import type { LegCounts } from '../../media/protocol.ts';
import type { Decision, WantedRecording } from '../../policy/decide.ts';
import { recordingAllowed } from '../../policy/may-control.ts';
import type { CallRecord, LegQuality, Party } from '../../records/call-record.ts';
import type { ControlAction } from '../../records/control-event.ts';
import type { KeyRecord } from '../../records/key-record.ts';
import type { RecordingRecord } from '../../records/recording-record.ts';
import type { RecordEvent } from '../../records/record-event.ts';
import { recordingSeal } from '../../records/recording-seal.ts';
import {
  expectRecording,
  type LifeEffect,
  type LifeEvent,
  type RecordingLife,
  stepLife,
} from '../../records/recording-life.ts';
import type { CallEnd, CallFacts, Controlled, MediaSession } from '../../signalling/ports.ts';
import type { MediaHandle, SessionEvent } from '../media-pool.ts';
import type { RecorderEvent } from '../recorder-pool.ts';
import type { PromptLibrary } from '../prompt-library.ts';
import { boundPreparation } from './bound-preparation.ts';
import { CallConsent } from './call-consent.ts';
import { CallEvidence } from './call-evidence.ts';
import { CallLegs } from './call-legs.ts';
import { consentPlanOf } from './consent-plan.ts';
import { destroyRecording } from './destroy-recording.ts';
import { EarlyMedia } from './early-media.ts';
import { expectedRecording, firstCallRecord } from './first-records.ts';
import { journalReason } from './journal-refusal.ts';
import { lifeEventOf } from './life-event-of.ts';
import { type Controller, LiveControl } from './live-control.ts';
import { recordingSpec } from './recording-spec.ts';
import { rememberRefusal } from './remember-refusal.ts';
import { rescueSpool } from './rescue-spool.ts';
import { sealedFacts } from './sealed-facts.ts';
import { keepsUndecoded } from './spoken-encodings.ts';
import type { SessionDeps } from './session-deps.ts';
import type { Verdict } from './verdict.ts';

const partyOf = (leg: 0 | 1): Party => (leg === 0 ? 'caller' : 'callee');
const legOf = (party: Party): 0 | 1 => (party === 'caller' ? 0 : 1);

/**
 * One call as the node sees it: it turns what signalling, media worker and recorder say into events of the
 * two pure machines (consent, recording life), carries out their effects, and writes the records down.
 */
export class CallSession {
  readonly callId: string;
  readonly #deps: SessionDeps;
  readonly #verdict: Verdict;
  readonly #done: () => void;
  readonly #control: LiveControl;
  readonly #legs: CallLegs;
  readonly #evidence: CallEvidence;
  readonly #early: EarlyMedia;
  #call: CallRecord;
  /** What is recorded, and why; null: nothing, or not before somebody asks. */
  #wanted: WantedRecording | null;
  #consent: CallConsent | null = null;
  #life: RecordingLife | null = null;
  #recording = 0;
  #key: KeyRecord | null = null;
  #media: MediaHandle | null = null;
  #hungUpAt: string | null = null;
  #diverted = false;
  #refused = false;
  #pausedToTell = false;
  #ended = false;
  #mediaClosed = true;

  constructor(deps: SessionDeps, facts: CallFacts, verdict: Verdict, done: () => void) {
    this.#deps = deps;
    this.#verdict = verdict;
    this.#wanted = verdict.decision.record ? verdict.decision : null;
    this.#done = done;
    this.callId = facts.callId;
    this.#legs = new CallLegs({ caller: this.#newId(), callee: this.#newId() });
    this.#call = firstCallRecord(facts, verdict, { nodeId: deps.nodeId, startedAt: this.#now() });
    this.#early = new EarlyMedia(facts.callId, deps);
    this.#control = this.#controlled();
    this.#evidence = new CallEvidence({
      ...{ ...deps, callId: facts.callId, ruleId: this.#call.ruleId, legIds: this.#legs.ids },
      prompts: verdict.prompts,
      newId: () => this.#newId(),
      write: (event) => {
        this.#write([event]);
      },
    });
  }

  get #decision(): Decision {
    return this.#verdict.decision;
  }

  get ruleId(): string | null {
    return this.#call.ruleId;
  }

  /** What the call may still play, whatever was loaded since. */
  get prompts(): PromptLibrary {
    return this.#verdict.prompts;
  }

  /** Null: the call is owed none. */
  get recording(): RecordingRecord | null {
    return this.#life?.record ?? null;
  }

  /** Writes the call, and the recording it is owed, down. Rejects when the journal does not take it. */
  async expect(): Promise<void> {
    const events: RecordEvent[] = [{ kind: 'call', call: this.#call }];
    if (this.#wanted !== null) events.push({ kind: 'recording', recording: this.#owe(this.#wanted) });
    await this.#deps.journal.append(events);
  }

  /** From here on a recording is expected. */
  #owe(wanted: WantedRecording): RecordingRecord {
    this.#wanted = wanted;
    this.#consent = this.#tell(wanted);
    this.#life = expectRecording(
      expectedRecording(wanted, {
        id: this.#newId(),
        callId: this.callId,
        nodeId: this.#deps.nodeId,
        retainUntil: this.#retainUntil(this.#deps.clock.wall()),
      }),
    );
    this.#key = null;
    this.#recording = this.#deps.recorders.enlist((event) => {
      this.#onRecorder(event);
    });
    return this.#life.record;
  }

  /** The recording cannot come about although it is owed; the call goes on. One that runs is left to run. */
  withoutRecording(reason: string): void {
    if (this.#life?.phase === 'expected' || this.#isPreparing()) this.#stepLife({ type: 'failed', reason });
  }

  /** Gives signalling its view of the call's media. */
  attach(media: MediaHandle): MediaSession {
    this.#media = media;
    this.#mediaClosed = false;
    // Cancelled while the sockets were being opened.
    if (this.#hungUpAt !== null) media.close();
    const local = (leg: 0 | 1) => {
      const { address, rtpPort, rtcpPort } = media.local[leg];
      return { address, rtpPort, rtcpPort };
    };
    return {
      local: { caller: local(0), callee: local(1) },
      connect: (party, negotiated) => {
        this.#legs.agreed(party, negotiated);
        if (negotiated.transport === 'udptl') this.#divert();
        else if (negotiated.remote !== null) this.#speechIsBack();
        media.connect(legOf(party), negotiated);
      },
      close: () => {
        media.close();
      },
    };
  }

  /** The caller can hear us, and nobody has been dialled. */
  early(): void {
    this.#early.begin(this.#diverted ? null : this.#consent);
  }

  ringing(): void {
    this.#early.ring(this.#media, this.#verdict.prompts.ringing);
  }

  answered(): void {
    this.#early.answered(this.#media, this.#decision);
    this.#saveCall({ answeredAt: this.#now() });
    if (this.#wanted === null) {
      if (recordingAllowed(this.#decision) === null) this.#evidence.proveUnrecorded();
      return;
    }
    if (this.#diverted) return;
    if (!this.#canBeRecorded(this.#wanted)) {
      this.#stepLife({ type: 'failed', reason: 'no-codec' });
      return;
    }
    this.#stepLife({ type: 'answered' });
    this.#consent?.step({ type: 'answered' });
  }

  #canBeRecorded({ rule }: WantedRecording): boolean {
    return this.#legs.areSpoken || (this.#legs.areAgreed && keepsUndecoded(rule));
  }

  /** Over for its parties: media and recording stop here, whatever signalling still waits for. */
  hungUp(): void {
    if (this.#hungUpAt !== null) return;
    this.#hungUpAt = this.#now();
    // Nobody has asked.
    const unasked = this.#wanted === null && recordingAllowed(this.#decision) !== null;
    if (unasked && this.#call.answeredAt !== null) this.#evidence.proveUnrecorded();
    this.#consent?.step({ type: 'ended' });
    this.#stepLife({ type: 'ended' });
    this.#media?.close();
  }

  ended(end: CallEnd): void {
    this.hungUp();
    this.#ended = true;
    const legs = this.#legs.records(end.legs);
    this.#saveCall({ endedAt: this.#hungUpAt, outcome: end.outcome, reason: end.reason, legs });
    this.#settle();
  }

  onMedia(event: SessionEvent): void {
    switch (event.type) {
      case 'played':
        this.#evidence.played(partyOf(event.leg), event.report);
        this.#consent?.played(partyOf(event.leg), event.report);
        return;
      case 'key':
        this.key(partyOf(event.leg), event.key);
        return;
      case 'play-reported':
        this.#evidence.reported(partyOf(event.leg), event.reported);
        return;
      case 'tapped':
        if (event.mark === 'begin') this.#began(event.at);
        return;
      case 'silent':
        // A callee that rings in silence is the ring timer's matter.
        if (this.#call.answeredAt !== null && this.#hungUpAt === null)
          this.#deps.hangUp(this.callId, 'media-timeout');
        return;
      case 'closed':
        this.#mediaIsClosed(event.legs);
        if (this.#hungUpAt === null) this.#mediaIsLost();
        return;
      case 'worker-died':
        this.#mediaIsClosed(null);
        this.#mediaIsLost();
        return;
    }
  }

  /** A party has pressed a key while it was asked. */
  key(party: Party, key: string): void {
    this.#consent?.step({ type: 'key', party, key });
  }

  /** Live control; answers when the recorder has said where it took effect. */
  control(action: ControlAction, by: Controller, reason: string | null): Promise<LinkAnswer> {
    return this.#control.ask(action, by, reason);
  }

  /** By a party at the PBX. */
  async controlInCall(action: ControlAction, party: Party, reason: string): Promise<Controlled> {
    const controlled = await this.#control.askInCall(action, this.#legs.ids[party], reason);
    this.#deps.logger.info('recording-controlled-in-call', {
      ...{ callId: this.callId, action, party, reason, controlled },
    });
    return controlled;
  }

  #controlled(): LiveControl {
    const life = (): RecordingLife | null => this.#life;
    return new LiveControl({
      schedule: this.#deps.schedule,
      decision: this.#decision,
      get life() {
        return life();
      },
      mayBegin: (wanted) => this.#mayBegin(wanted),
      begin: (wanted) => {
        this.#demand(wanted);
      },
      stop: () => {
        this.#stepLife({ type: 'stopped' });
      },
      mark: (mark) => this.#media?.mark(mark, this.#recording),
      failed: (error) => {
        this.#unwritten(error);
      },
      record: (done) => {
        const control = { ...done, id: this.#newId(), callId: this.callId, at: this.#now() };
        return this.#deps.journal.append([{ kind: 'control', control }]);
      },
    });
  }

  /** Who has refused is not asked again. */
  #mayBegin(wanted: WantedRecording): boolean {
    const isUp = this.#call.answeredAt !== null && this.#hungUpAt === null && !this.#mediaClosed;
    return isUp && !this.#diverted && !this.#refused && this.#canBeRecorded(wanted);
  }

  /** Somebody asks for a recording: everyone who is owed it is told first. */
  #demand(wanted: WantedRecording): void {
    // A question of the recording before this one is open no longer.
    this.#consent?.step({ type: 'ended' });
    if (this.#life !== null) this.#deps.recorders.release(this.#recording);
    this.#write([{ kind: 'recording', recording: this.#owe(wanted) }]);
    this.#stepLife({ type: 'answered' });
    this.#consent?.step({ type: 'demanded' });
  }

  #onRecorder(event: RecorderEvent): void {
    switch (event.type) {
      case 'prepared':
        this.#stepLife({ type: 'prepared' });
        return;
      case 'marked':
        this.#control.marked(event.mark, event.samplePosition);
        return;
      case 'sealed':
        this.#stepLife({
          type: 'sealed',
          facts: sealedFacts(event.result),
          undecoded: event.result.undecoded,
        });
        return;
      case 'failed':
        this.#stepLife({ type: 'failed', reason: event.reason });
        return;
      case 'worker-died':
        // A recording that has not been prepared will be, by the worker's successor.
        if (this.#life?.phase !== 'expected')
          this.#stepLife({ type: 'failed', reason: 'recording-worker-died' });
        return;
      case 'discarded':
        this.#stepLife({ type: 'discarded' });
        return;
    }
  }

  #tell({ rule }: WantedRecording): CallConsent {
    return new CallConsent(
      consentPlanOf(rule, (party) => this.#verdict.promptOf(party)),
      {
        schedule: this.#deps.schedule,
        gate: (open) => this.#media?.gate(open),
        play: (party, promptId) => this.#media?.play(legOf(party), this.#soundOf(promptId)),
        stop: (party) => this.#media?.stopPlay(legOf(party)),
        ask: (party, on) => {
          this.#media?.ask(legOf(party), on);
          this.#deps.askKeys(this.callId, party, on);
        },
        connect: () => {
          this.#deps.dial(this.callId);
        },
        opened: () => {
          this.#stepLife({ type: 'opened' });
          if (this.#life?.phase === 'preparing') this.#boundPreparation();
        },
        paused: () => {
          // A pause by hand is not ours to end.
          this.#pausedToTell = !this.#control.paused;
          if (this.#pausedToTell) this.#media?.mark('pause', this.#recording);
        },
        resumed: () => {
          if (this.#pausedToTell) this.#media?.mark('resume', this.#recording);
        },
        unrecorded: (how, reason) => {
          if (reason !== 'not-told') this.#refused = true;
          this.#stepLife({ type: lifeEventOf(how, reason), reason });
        },
        evidence: (found, plan, report) => {
          const { party, outcome, moment, key } = found;
          const recordingId = this.#life?.record.id ?? null;
          const purpose = this.#wanted?.purpose.id ?? null;
          this.#evidence.prove({ party, outcome, moment, key, recordingId, purpose }, plan, report);
          const refusal = { callId: this.callId, rule, verdict: this.#verdict, found };
          const listings = rememberRefusal(this.#deps, refusal);
          if (listings.length > 0) this.#write(listings);
        },
      },
    );
  }

  /** Media workers know prompts by their sound, so that a new one of the same name does not take the place of the old. */
  #soundOf(promptId: string): string {
    return this.#verdict.prompts.get(promptId)?.audioSha256 ?? '';
  }

  #stepLife(event: LifeEvent): void {
    if (this.#life === null) return;
    const { life, effects } = stepLife(this.#life, event);
    this.#life = life;
    for (const effect of effects) this.#carryOutLife(effect);
    if (life.phase !== 'done') return;
    this.#control.close();
    this.#settle();
  }

  #carryOutLife(effect: LifeEffect): void {
    switch (effect.type) {
      case 'prepare':
        void this.#prepare();
        return;
      case 'begin':
        this.#media?.mark('begin', this.#recording);
        return;
      case 'end':
        this.#media?.mark('end', this.#recording);
        return;
      case 'discard':
        this.#deps.recorders.discard(this.#recording);
        return;
      case 'recover':
        rescueSpool(this.#deps, this.#key, (event) => {
          this.#stepLife(event);
        });
        return;
      case 'save':
        this.#write([{ kind: 'recording', recording: this.#signed(effect.record) }]);
        return;
      case 'destroy':
        if (this.#life !== null) void destroyRecording(this.#deps, this.#life.record, effect.objectKey);
        return;
      case 'alarm':
        this.#recordingLost(effect.reason);
        return;
    }
  }

  /** With what it stands on: the evidence so far, and once it is sealed a MAC over all of it. */
  #signed(record: RecordingRecord): RecordingRecord {
    const proven = { ...record, consentDigest: this.#evidence.digest };
    const isSealed = record.objectKey !== null;
    return isSealed ? { ...proven, seal: recordingSeal(proven, this.#deps.mac) } : proven;
  }

  #boundPreparation(): void {
    boundPreparation(this.#deps.schedule, {
      isUnderWay: () => this.#isPreparing(),
      mustRecord: this.#mustRecord(),
      fail: () => {
        this.#stepLife({ type: 'failed', reason: 'not-prepared' });
      },
      speak: () => {
        this.#deps.logger.warn('recording-late', { callId: this.callId });
        this.#media?.gate(true);
      },
    });
  }

  #mustRecord(): boolean {
    return this.#wanted?.rule.onFailure === 'refuse';
  }

  /** A key that has been made may meet a call that is over already: then nothing is to be prepared. */
  #isPreparing(): boolean {
    return this.#life?.phase === 'preparing';
  }

  /** The key is on the disk before the first byte that it protects. */
  async #prepare(): Promise<void> {
    if (this.#life === null || this.#wanted === null) return;
    const { rule } = this.#wanted;
    try {
      const { key, spoolSecret } = await this.#deps.keys.create(this.#life.record.id);
      if (!this.#isPreparing()) return;
      this.#key = key;
      await this.#deps.journal.append([{ kind: 'key', key }]);
      if (!this.#isPreparing()) return;
      const { record } = this.#life;
      const facts = { rule, call: this.#call, record, codecs: this.#legs.codecs, key, spoolSecret };
      this.#deps.recorders.prepare(this.#recording, recordingSpec(this.#deps.tagParties, facts));
    } catch (error) {
      this.#deps.logger.error('recording-not-prepared', { callId: this.callId, error: String(error) });
      this.#stepLife({ type: 'failed', reason: journalReason(error) });
    }
  }

  /** Nobody stays muted because a recorder failed; whether the call goes on is the rule's word. */
  #recordingLost(reason: string): void {
    this.#deps.alarm(reason);
    this.#deps.logger.error('recording-lost', { callId: this.callId, reason });
    this.#media?.gate(true);
    if (this.#wanted === null || !this.#mustRecord()) return;
    // Who was not recorded at all has nothing to finish.
    const ran = (this.recording?.startedAt ?? null) !== null;
    const graceMs = ran ? this.#wanted.rule.graceSeconds * 1000 : 0;
    const hangUp = (): void => {
      if (this.#hungUpAt === null) this.#deps.hangUp(this.callId, 'recording-failed');
    };
    if (graceMs === 0) hangUp();
    else this.#deps.schedule(graceMs, hangUp);
  }

  #began(at: MonotonicMs): void {
    if (this.#wanted === null) return;
    const wall = wallOf(this.#deps.clock, at);
    this.#stepLife({ type: 'began', at: rfc3339(wall), retainUntil: this.#retainUntil(wall) });
  }

  #retainUntil(from: WallMs): string {
    return rfc3339((from + (this.#wanted?.retentionMs ?? 0)) as WallMs);
  }

  /** A fax by T.38 follows: no speech, so the recording ends here, and says why. */
  #divert(): void {
    if (this.#diverted) return;
    this.#diverted = true;
    if (this.#life === null) return;
    this.#deps.logger.info('recording-diverted', { callId: this.callId, reason: 't38' });
    this.#stepLife({ type: 'diverted', reason: 't38' });
  }

  /** A call has one recording, and after a fax it is over. A rule that has no call without one ends the call. */
  #speechIsBack(): void {
    if (!this.#diverted || this.#wanted === null || this.#hungUpAt !== null) return;
    this.#deps.logger.info('speech-after-fax', { callId: this.callId });
    if (this.#mustRecord()) this.#deps.hangUp(this.callId, 'recording-failed');
  }

  #mediaIsClosed(counts: readonly [LegCounts, LegCounts] | null): void {
    this.#legs.closed(counts);
    this.#mediaClosed = true;
    if (this.#ended && counts !== null) this.#saveCall({ legs: this.#legs.counted(this.#call.legs) });
    this.#settle();
  }

  /** A fault of ours took the sockets of a call that is up: it has nothing left to go on with. */
  #mediaIsLost(): void {
    const begun = this.#life !== null && ['beginning', 'recording', 'ending'].includes(this.#life.phase);
    if (begun) this.#deps.recorders.abandon(this.#recording, 'media-lost');
    else this.#stepLife({ type: 'failed', reason: 'media-lost' });
    this.#deps.hangUp(this.callId, 'crash');
  }

  /** How well a party was heard; null: nothing came, or its media are not over. */
  qualityOf(party: Party): LegQuality | null {
    return this.#legs.qualityOf(party);
  }

  /** The session goes when the call, its media and its recording are all over. */
  #settle(): void {
    if (!this.#ended || !this.#mediaClosed) return;
    if (this.#life !== null && this.#life.phase !== 'done') return;
    if (this.#life !== null) this.#deps.recorders.release(this.#recording);
    this.#done();
  }

  #saveCall(change: Partial<CallRecord>): void {
    this.#call = { ...this.#call, ...change, version: this.#call.version + 1 };
    this.#write([{ kind: 'call', call: this.#call }]);
  }

  #write(events: readonly RecordEvent[]): void {
    this.#deps.journal.append(events).catch((error: unknown) => {
      this.#unwritten(error);
    });
  }

  #unwritten(error: unknown): void {
    this.#deps.alarm('journal');
    this.#deps.logger.error('journal-refused', { callId: this.callId, error: String(error) });
  }

  #now(): string {
    return rfc3339(this.#deps.clock.wall());
  }

  #newId(): string {
    return uuidV7(this.#deps.clock.wall(), this.#deps.random);
  }
}
