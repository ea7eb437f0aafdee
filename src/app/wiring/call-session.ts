import type { LinkAnswer } from '../../link/protocol.ts';
import type { LegCounts } from '../../media/protocol.ts';
import type { Decision, WantedRecording } from '../../policy/decide.ts';
import { codesOf } from '../../policy/feature-codes.ts';
import { recordingAllowed } from '../../policy/may-control.ts';
import type { LegQuality, Party } from '../../records/call-record.ts';
import type { ControlAction } from '../../records/control-event.ts';
import type { RecordingRecord } from '../../records/recording-record.ts';
import type { RecordEvent } from '../../records/record-event.ts';
import type { LifeEvent, RecordingLife } from '../../records/recording-life.ts';
import type { CallEnd, CallFacts, Controlled, MediaSession } from '../../signalling/ports.ts';
import type { MediaHandle, SessionEvent } from '../media-pool.ts';
import type { PromptLibrary } from '../prompt-library.ts';
import { CallBook } from './call-book.ts';
import { CallConsent } from './call-consent.ts';
import { CallEvidence } from './call-evidence.ts';
import { CallLegs } from './call-legs.ts';
import { CallRecording } from './call-recording.ts';
import { consentPlanOf } from './consent-plan.ts';
import { EarlyMedia } from './early-media.ts';
import { fileHoldsPrompt, HeldTelling } from './file-holds-prompt.ts';
import { firstCallRecord } from './first-records.ts';
import { lifeEventOf } from './life-event-of.ts';
import { type Controller, LiveControl } from './live-control.ts';
import { rememberRefusal } from './remember-refusal.ts';
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
  readonly #isEmergency: boolean;
  readonly #done: () => void;
  readonly #control: LiveControl;
  readonly #book: CallBook;
  readonly #legs: CallLegs;
  readonly #evidence: CallEvidence;
  readonly #early: EarlyMedia;
  readonly #telling: HeldTelling;
  #consent: CallConsent | null = null;
  /** The newest that the call was owed, or that stands by. */
  #recording: CallRecording | null = null;
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
    this.#isEmergency = facts.emergency;
    this.#done = done;
    this.callId = facts.callId;
    this.#book = new CallBook(deps, (startedAt) =>
      firstCallRecord(facts, verdict, { nodeId: deps.nodeId, startedAt }),
    );
    this.#legs = new CallLegs({ caller: this.#book.newId(), callee: this.#book.newId() });
    this.#early = new EarlyMedia(facts.callId, deps);
    this.#telling = new HeldTelling(deps.schedule);
    this.#control = this.#controlled();
    this.#evidence = new CallEvidence({
      callId: facts.callId,
      ruleId: this.#book.call.ruleId,
      legIds: this.#legs.ids,
      prompts: verdict.prompts,
      newId: () => this.#book.newId(),
      write: (event) => {
        this.#book.write([event]);
      },
      ...deps,
    });
  }

  get #decision(): Decision {
    return this.#verdict.decision;
  }

  get ruleId(): string | null {
    return this.#book.call.ruleId;
  }

  /** What the call may still play, whatever was loaded since. */
  get prompts(): PromptLibrary {
    return this.#verdict.prompts;
  }

  /** Null: the call is owed none. */
  get recording(): RecordingRecord | null {
    return this.#recording?.record ?? null;
  }

  /** Writes the call, and the recording it is owed, down. Rejects when the journal does not take it. */
  async expect(): Promise<void> {
    const events: RecordEvent[] = [{ kind: 'call', call: this.#book.call }];
    if (this.#decision.record) {
      this.#consent = this.#tell(this.#decision);
      events.push({ kind: 'recording', recording: this.#owe(this.#decision).record });
    }
    await this.#book.append(events);
  }

  /** From here on a recording is expected. */
  #owe(wanted: WantedRecording, asked = true): CallRecording {
    this.#recording?.release();
    const [book, legs, evidence] = [this.#book, this.#legs, this.#evidence];
    const media = (): MediaHandle | null => this.#media;
    this.#recording = new CallRecording(
      this.#deps,
      {
        book,
        get media() {
          return media();
        },
        get codecs() {
          return legs.codecs;
        },
        beep: this.#isEmergency ? null : this.#verdict.prompts.beep,
        get evidence() {
          return evidence.digest;
        },
        marked: ({ mark, samplePosition }) => {
          this.#control.marked(mark, samplePosition);
        },
        hangUp: (reason) => {
          if (this.#hungUpAt === null) this.#deps.hangUp(this.callId, reason);
        },
        opened: () => {
          this.#control.opened();
        },
        settled: () => {
          this.#telling.begin();
        },
        done: () => {
          this.#control.close();
          this.#settle();
        },
      },
      wanted,
      asked,
    );
    return this.#recording;
  }

  /** The recording cannot come about although it is owed; the call goes on. One that runs is left to run. */
  withoutRecording(reason: string): void {
    const { phase } = this.#recording?.life ?? {};
    if (phase === 'expected' || phase === 'preparing') this.#stepLife({ type: 'failed', reason });
  }

  /** What a party at the PBX may dial to control the recording. */
  get codes(): readonly string[] {
    const rule = recordingAllowed(this.#decision)?.rule;
    return rule === undefined || this.#isEmergency ? [] : codesOf(rule);
  }

  /** Gives signalling its view of the call's media. `controllers`: who may dial codes. */
  attach(media: MediaHandle, controllers: readonly Party[]): MediaSession {
    this.#media = media;
    this.#mediaClosed = false;
    const { codes } = this;
    if (codes.length > 0) for (const party of controllers) media.codes(legOf(party), codes);
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

  /** Half a second and more may pass to the caller's ACK, or nothing: then the recorder has the more need of it. */
  accepted(): void {
    if (!this.#decision.record || this.#diverted || fileHoldsPrompt(this.#decision.rule)) return;
    if (this.#canBeRecorded(this.#decision)) this.#stepLife({ type: 'accepted' });
  }

  answered(): void {
    this.#early.answered(this.#media, this.#decision);
    this.#book.save({ answeredAt: this.#book.now() });
    if (!this.#decision.record) {
      this.#answeredUnasked();
      return;
    }
    if (this.#diverted) return;
    if (!this.#canBeRecorded(this.#decision)) {
      this.#stepLife({ type: 'failed', reason: 'no-codec' });
      return;
    }
    this.#stepLife({ type: 'answered' });
    this.#beginTelling(this.#decision, 'answered');
  }

  /** Where the file is to hold what the parties are told, they are told once there is a recorder for it. */
  #beginTelling({ rule }: WantedRecording, type: 'answered' | 'demanded'): void {
    const consent = this.#consent;
    if (!fileHoldsPrompt(rule)) {
      consent?.step({ type });
      return;
    }
    this.#media?.gate(false);
    this.#telling.wait(() => {
      if (this.#recording?.life.phase === 'preparing') this.#stepLife({ type: 'telling' });
      if (this.#diverted) this.#media?.gate(true);
      else consent?.step({ type });
    });
  }

  /** Nobody has asked for a recording, and somebody may. */
  #answeredUnasked(): void {
    const allowed = recordingAllowed(this.#decision);
    if (allowed === null) this.#evidence.proveUnrecorded();
    else if (allowed.rule.announceAt === 'call' && !this.#diverted && this.#canBeRecorded(allowed)) {
      this.#consent = this.#tell(allowed);
      this.#consent.step({ type: 'answered' });
    }
  }

  #canBeRecorded({ rule }: WantedRecording): boolean {
    return this.#legs.areSpoken || (this.#legs.areAgreed && keepsUndecoded(rule));
  }

  /** Over for its parties: media and recording stop here, whatever signalling still waits for. */
  hungUp(): void {
    if (this.#hungUpAt !== null) return;
    this.#hungUpAt = this.#book.now();
    // Nobody has asked.
    const unasked = this.#recording?.life.asked !== true && recordingAllowed(this.#decision) !== null;
    if (unasked && this.#book.call.answeredAt !== null) this.#evidence.proveUnrecorded();
    this.#consent?.step({ type: 'ended' });
    this.#stepLife({ type: 'ended' });
    this.#media?.close();
  }

  ended(end: CallEnd): void {
    this.hungUp();
    this.#ended = true;
    const legs = this.#legs.records(end.legs);
    this.#book.save({ endedAt: this.#hungUpAt, outcome: end.outcome, reason: end.reason, legs });
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
      case 'code':
        this.code(partyOf(event.leg), event.code);
        return;
      case 'play-reported':
        this.#evidence.reported(partyOf(event.leg), event.reported);
        return;
      case 'tapped':
        this.#recording?.tapped(event.mark, event.at);
        return;
      case 'silent':
        // A callee that rings in silence is the ring timer's matter.
        if (this.#book.call.answeredAt !== null && this.#hungUpAt === null)
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

  /** A party at the PBX has dialled a code. */
  code(party: Party, code: string): void {
    const action = this.#control.meant(code);
    if (action === null) return;
    this.controlInCall(action, party, 'feature-code').catch((error: unknown) => {
      this.#book.unwritten(error);
    });
  }

  #controlled(): LiveControl {
    const life = (): RecordingLife | null => this.#recording?.life ?? null;
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
      mark: (mark) => this.#recording?.mark(mark),
      failed: (error) => {
        this.#book.unwritten(error);
      },
      record: (done) => {
        const control = { ...done, id: this.#book.newId(), callId: this.callId, at: this.#book.now() };
        return this.#book.append([{ kind: 'control', control }]);
      },
    });
  }

  /** Who has refused is not asked again. */
  #mayBegin(wanted: WantedRecording): boolean {
    const isUp = this.#book.call.answeredAt !== null && this.#hungUpAt === null && !this.#mediaClosed;
    return isUp && !this.#diverted && !this.#refused && this.#canBeRecorded(wanted);
  }

  /** Somebody asks for a recording: everyone who is owed it is told first, unless the call was at its answer. */
  #demand(wanted: WantedRecording): void {
    if (wanted.rule.announceAt === 'call' && this.#consent?.isUnderWay === true) {
      this.#demandTold(wanted);
      return;
    }
    // A question of the recording before this one is open no longer.
    this.#consent?.step({ type: 'ended' });
    this.#consent = this.#tell(wanted);
    this.#oweNow(wanted);
    this.#beginTelling(wanted, 'demanded');
  }

  /** The parties were told at the answer, or are being told. */
  #demandTold(wanted: WantedRecording): void {
    const standing = this.#recording?.standsBy === true ? this.#recording : null;
    const recording = standing ?? this.#oweNow(wanted);
    this.#evidence.proveFor(recording.record.id);
    if (standing !== null) standing.step({ type: 'asked' });
    else if (this.#consent?.isOpen === true) recording.open();
  }

  /** In the middle of a call: it is written down, and made ready. */
  #oweNow(wanted: WantedRecording, asked = true): CallRecording {
    const recording = this.#owe(wanted, asked);
    this.#book.write([{ kind: 'recording', recording: recording.record }]);
    recording.step({ type: 'answered' });
    return recording;
  }

  /** Everyone was told: recording starts here, and with it both directions open. */
  #mayRecord(): void {
    if (this.#recording === null || this.#recording.isOver) this.#media?.gate(true);
    if (this.#recording === null) this.#standBy();
    this.#recording?.open();
  }

  /** Nobody has asked, and whoever does is to have the seconds before, too. */
  #standBy(): void {
    const allowed = recordingAllowed(this.#decision);
    if (allowed?.rule.lookbackSeconds !== undefined) this.#oweNow(allowed, false);
  }

  #tell({ rule, purpose }: WantedRecording): CallConsent {
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
        asked: () => {
          this.#stepLife({ type: 'questioned' });
        },
        opened: () => {
          this.#mayRecord();
        },
        paused: () => {
          // A pause by hand is not ours to end; what is to be in the file needs none.
          this.#pausedToTell = !this.#control.paused && this.#recording?.life.holdsPrompts !== true;
          if (this.#pausedToTell) this.#recording?.mark('pause');
        },
        resumed: () => {
          if (this.#pausedToTell) this.#recording?.mark('resume');
        },
        unrecorded: (how, reason) => {
          if (reason !== 'not-told') this.#refused = true;
          this.#stepLife({ type: lifeEventOf(how, reason), reason });
        },
        evidence: (found, plan, report) => {
          const { party, outcome, moment, key } = found;
          const recordingId = this.#recording?.record.id ?? null;
          const proven = { party, outcome, moment, key, recordingId, purpose: purpose.id };
          this.#evidence.prove(proven, plan, report);
          const refusal = { callId: this.callId, rule, verdict: this.#verdict, found };
          const listings = rememberRefusal(this.#deps, refusal);
          if (listings.length > 0) this.#book.write(listings);
        },
      },
    );
  }

  /** Media workers know prompts by their sound, so that a new one of the same name does not take the place of the old. */
  #soundOf(promptId: string): string {
    return this.#verdict.prompts.get(promptId)?.audioSha256 ?? '';
  }

  #stepLife(event: LifeEvent): void {
    this.#recording?.step(event);
  }

  /** A fax by T.38 follows: no speech, so the recording ends here, and says why. */
  #divert(): void {
    if (this.#diverted) return;
    this.#diverted = true;
    if (this.#recording === null) return;
    this.#deps.logger.info('recording-diverted', { callId: this.callId, reason: 't38' });
    this.#stepLife({ type: 'diverted', reason: 't38' });
  }

  /** A call has one recording, and after a fax it is over. A rule that has no call without one ends the call. */
  #speechIsBack(): void {
    if (!this.#diverted || this.#recording === null || this.#hungUpAt !== null) return;
    this.#deps.logger.info('speech-after-fax', { callId: this.callId });
    if (this.#recording.isOwedToCall) this.#deps.hangUp(this.callId, 'recording-failed');
  }

  #mediaIsClosed(counts: readonly [LegCounts, LegCounts] | null): void {
    this.#legs.closed(counts);
    this.#mediaClosed = true;
    if (this.#ended && counts !== null) this.#book.save({ legs: this.#legs.counted(this.#book.call.legs) });
    this.#settle();
  }

  /** A fault of ours took the sockets of a call that is up: it has nothing left to go on with. */
  #mediaIsLost(): void {
    this.#recording?.mediaLost();
    this.#deps.hangUp(this.callId, 'crash');
  }

  /** How well a party was heard; null: nothing came, or its media are not over. */
  qualityOf(party: Party): LegQuality | null {
    return this.#legs.qualityOf(party);
  }

  /** The session goes when the call, its media and its recording are all over. */
  #settle(): void {
    if (!this.#ended || !this.#mediaClosed) return;
    if (this.#recording !== null && !this.#recording.isOver) return;
    this.#recording?.release();
    this.#done();
  }
}
