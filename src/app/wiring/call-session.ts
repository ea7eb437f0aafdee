import { rfc3339, type MonotonicMs, wallOf, type WallMs } from '../../kernel/clock.ts';
import { uuidV7 } from '../../kernel/ids.ts';
import type { LinkAnswer } from '../../link/protocol.ts';
import type { LegPlan } from '../../consent/consent-plan.ts';
import type { LegCounts, PlayReport } from '../../media/protocol.ts';
import type { Decision } from '../../policy/decide.ts';
import type { CallRecord, LegQuality, Party } from '../../records/call-record.ts';
import type { ConsentFacts } from '../../records/consent-record.ts';
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
import type { CallEnd, CallFacts, MediaSession, NegotiatedMedia } from '../../signalling/ports.ts';
import type { MediaHandle, SessionEvent } from '../media-pool.ts';
import type { RecorderEvent } from '../recorder-pool.ts';
import type { PromptLibrary } from '../prompt-library.ts';
import { boundPreparation } from './bound-preparation.ts';
import { CallConsent } from './call-consent.ts';
import { destroyRecording } from './destroy-recording.ts';
import { EarlyMedia } from './early-media.ts';
import { evidenceOf } from './consent-evidence.ts';
import { EvidenceWriter } from './evidence-writer.ts';
import { consentPlanOf } from './consent-plan.ts';
import { controlDesk, type ControlDesk } from './control-desk.ts';
import { mediaCountsOf } from './media-counts-of.ts';
import { PromptReceipts } from './prompt-receipts.ts';
import { expectedRecording, firstCallRecord } from './first-records.ts';
import { journalReason } from './journal-refusal.ts';
import { lifeEventOf } from './life-event-of.ts';
import { recordingSpec } from './recording-spec.ts';
import { rescueSpool } from './rescue-spool.ts';
import { sealedFacts } from './sealed-facts.ts';
import { isSpoken, keepsUndecoded } from './spoken-encodings.ts';
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
  readonly #control: ControlDesk;
  readonly #legIds: Readonly<Record<Party, string>>;
  readonly #evidence: EvidenceWriter;
  readonly #receipts: PromptReceipts;
  readonly #early: EarlyMedia;
  readonly #codecs = new Map<Party, string>();
  #call: CallRecord;
  #consent: CallConsent | null = null;
  #life: RecordingLife | null = null;
  #recording = 0;
  #key: KeyRecord | null = null;
  #media: MediaHandle | null = null;
  #counts: readonly [LegCounts, LegCounts] | null = null;
  #hungUpAt: string | null = null;
  #diverted = false;
  #pausedToTell = false;
  #ended = false;
  #mediaClosed = true;

  constructor(deps: SessionDeps, facts: CallFacts, verdict: Verdict, done: () => void) {
    this.#deps = deps;
    this.#verdict = verdict;
    this.#done = done;
    this.callId = facts.callId;
    this.#legIds = { caller: this.#newId(), callee: this.#newId() };
    this.#call = firstCallRecord(facts, verdict, { nodeId: deps.nodeId, startedAt: this.#now() });
    this.#control = controlDesk();
    this.#evidence = new EvidenceWriter(deps.mac, (consent) => {
      this.#write([{ kind: 'consent', consent }]);
    });
    this.#early = new EarlyMedia(facts.callId, deps);
    this.#receipts = new PromptReceipts({
      ...{ clock: deps.clock, callId: facts.callId, newId: () => this.#newId() },
      write: (receipt) => {
        this.#write([{ kind: 'receipt', receipt }]);
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
    if (this.#decision.record) {
      this.#consent = this.#tell(this.#decision);
      this.#life = expectRecording(
        expectedRecording(this.#decision, {
          id: this.#newId(),
          callId: this.callId,
          nodeId: this.#deps.nodeId,
          retainUntil: this.#retainUntil(this.#deps.clock.wall()),
        }),
      );
      this.#recording = this.#deps.recorders.enlist((event) => {
        this.#onRecorder(event);
      });
      events.push({ kind: 'recording', recording: this.#life.record });
    }
    await this.#deps.journal.append(events);
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
        this.#noteCodec(party, negotiated);
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
    if (this.#life === null) this.#proveUnrecorded();
    if (this.#life === null || this.#diverted) return;
    const codecs = [...this.#codecs.values()];
    const spoken = codecs.every(isSpoken) || (this.#decision.record && keepsUndecoded(this.#decision.rule));
    if (codecs.length < 2 || !spoken) {
      this.#stepLife({ type: 'failed', reason: 'no-codec' });
      return;
    }
    this.#stepLife({ type: 'answered' });
    this.#consent?.step({ type: 'answered' });
  }

  /** Over for its parties: media and recording stop here, whatever signalling still waits for. */
  hungUp(): void {
    if (this.#hungUpAt !== null) return;
    this.#hungUpAt = this.#now();
    this.#consent?.step({ type: 'ended' });
    this.#stepLife({ type: 'ended' });
    this.#media?.close();
  }

  ended(end: CallEnd): void {
    this.hungUp();
    this.#ended = true;
    const legs = end.legs.map(({ party, peerId, sipCallId }) => ({
      id: this.#legIds[party],
      party,
      peerId,
      sipCallId,
      codec: this.#codecs.get(party) ?? null,
      media: mediaCountsOf(this.#counts?.[legOf(party)]),
      quality: this.qualityOf(party),
    }));
    this.#saveCall({ endedAt: this.#hungUpAt, outcome: end.outcome, reason: end.reason, legs });
    this.#settle();
  }

  onMedia(event: SessionEvent): void {
    switch (event.type) {
      case 'played':
        this.#receipts.played(partyOf(event.leg), event.report);
        this.#consent?.played(partyOf(event.leg), event.report);
        return;
      case 'key':
        this.key(partyOf(event.leg), event.key);
        return;
      case 'play-reported':
        this.#receipts.reported(partyOf(event.leg), event.reported);
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
  async control(action: ControlAction, actor: string, reason: string | null): Promise<LinkAnswer> {
    const life = this.#life;
    if (life === null || this.#media === null) return { ok: false, code: 'conflict' };
    if (action === 'start') return { ok: false, code: 'unsupported' };
    if (action !== 'stop' && !this.#mayPause()) return { ok: false, code: 'forbidden' };
    const mark = action === 'stop' ? 'end' : action;
    const media = this.#media;
    const answer = await this.#control.ask(life.phase, mark, () => {
      if (mark === 'end') this.#stepLife({ type: 'stopped' });
      else media.mark(mark, this.#recording);
    });
    if (answer === null) return { ok: false, code: 'conflict' };
    const control = {
      id: this.#newId(),
      callId: this.callId,
      recordingId: life.record.id,
      action,
      actor,
      reason,
      at: this.#now(),
      samplePosition: answer.samplePosition,
    };
    await this.#deps.journal.append([{ kind: 'control', control }]);
    return {
      ok: true,
      value: { method: 'control', recordingId: life.record.id, samplePosition: answer.samplePosition },
    };
  }

  #mayPause(): boolean {
    return this.#decision.record && this.#decision.rule.mayPause.includes('api');
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

  #tell({ rule }: Extract<Decision, { readonly record: true }>): CallConsent {
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
          this.#stepLife({ type: lifeEventOf(how, reason), reason });
        },
        evidence: ({ party, outcome, moment, key }, plan, report) => {
          const recordingId = this.#life?.record.id ?? null;
          this.#prove({ party, outcome, moment, key, recordingId }, plan, report);
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
    if (life.phase === 'done') this.#settle();
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
    return this.#decision.record && this.#decision.rule.onFailure === 'refuse';
  }

  /** A key that has been made may meet a call that is over already: then nothing is to be prepared. */
  #isPreparing(): boolean {
    return this.#life?.phase === 'preparing';
  }

  /** The key is on the disk before the first byte that it protects. */
  async #prepare(): Promise<void> {
    if (this.#life === null || !this.#decision.record) return;
    const { rule } = this.#decision;
    try {
      const { key, spoolSecret } = await this.#deps.keys.create(this.#life.record.id);
      if (!this.#isPreparing()) return;
      this.#key = key;
      await this.#deps.journal.append([{ kind: 'key', key }]);
      if (!this.#isPreparing()) return;
      const { record } = this.#life;
      const facts = { rule, call: this.#call, record, codecs: this.#codecs.values(), key, spoolSecret };
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
    if (!this.#decision.record || !this.#mustRecord()) return;
    // Who was not recorded at all has nothing to finish.
    const ran = (this.recording?.startedAt ?? null) !== null;
    const graceMs = ran ? this.#decision.rule.graceSeconds * 1000 : 0;
    const hangUp = (): void => {
      if (this.#hungUpAt === null) this.#deps.hangUp(this.callId, 'recording-failed');
    };
    if (graceMs === 0) hangUp();
    else this.#deps.schedule(graceMs, hangUp);
  }

  #began(at: MonotonicMs): void {
    if (!this.#decision.record) return;
    const wall = wallOf(this.#deps.clock, at);
    this.#stepLife({ type: 'began', at: rfc3339(wall), retainUntil: this.#retainUntil(wall) });
  }

  #retainUntil(from: WallMs): string {
    return rfc3339((from + (this.#decision.record ? this.#decision.retentionMs : 0)) as WallMs);
  }

  #prove(
    found: Pick<ConsentFacts, 'party' | 'outcome' | 'moment' | 'key' | 'recordingId'>,
    plan: LegPlan | null,
    report: PlayReport | null,
  ): void {
    const { clock, keepEvidenceMs } = this.#deps;
    const until = rfc3339((clock.wall() + keepEvidenceMs) as WallMs);
    const id = this.#newId();
    this.#evidence.add(
      evidenceOf({
        ...found,
        ...{ id, callId: this.callId, legId: this.#legIds[found.party] },
        ruleId: this.#call.ruleId,
        purpose: this.#decision.record ? this.#decision.purpose.id : null,
        retainUntil: found.recordingId === null ? until : null,
        ...{ plan, prompts: this.#verdict.prompts, report, clock },
      }),
    );
    if (report !== null) this.#receipts.proved(found.party, id);
  }

  /** A call that is not to be recorded has proof of that, too. */
  #proveUnrecorded(): void {
    const found = { outcome: 'not-recorded', moment: 'on-answer', key: null, recordingId: null } as const;
    this.#prove({ ...found, party: 'caller' }, null, null);
    this.#prove({ ...found, party: 'callee' }, null, null);
  }

  /** A fax by T.38 follows: no speech, so the recording ends here, and says why. */
  #divert(): void {
    if (this.#diverted || this.#life === null) return;
    this.#diverted = true;
    this.#deps.logger.info('recording-diverted', { callId: this.callId, reason: 't38' });
    this.#stepLife({ type: 'diverted', reason: 't38' });
  }

  /** A call has one recording, and after a fax it is over. A rule that has no call without one ends the call. */
  #speechIsBack(): void {
    if (!this.#diverted || !this.#decision.record || this.#hungUpAt !== null) return;
    this.#deps.logger.info('speech-after-fax', { callId: this.callId });
    if (this.#mustRecord()) this.#deps.hangUp(this.callId, 'recording-failed');
  }

  #noteCodec(party: Party, { transport, formats }: NegotiatedMedia): void {
    if (transport === 'udptl' && !this.#codecs.has(party)) this.#codecs.set(party, 'T38');
    const audio = formats.find(({ encoding }) => encoding !== 'TELEPHONE-EVENT' && encoding !== 'CN');
    if (audio !== undefined) this.#codecs.set(party, audio.encoding);
  }

  #mediaIsClosed(counts: readonly [LegCounts, LegCounts] | null): void {
    this.#counts = counts;
    this.#mediaClosed = true;
    if (this.#ended && counts !== null) {
      const legs = this.#call.legs.map((leg) => ({
        ...leg,
        media: mediaCountsOf(this.#counts?.[legOf(leg.party)]),
        quality: this.qualityOf(leg.party),
      }));
      this.#saveCall({ legs });
    }
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
    return this.#counts?.[legOf(party)].quality ?? null;
  }

  /** The session goes when the call, its media and its recording are all over. */
  #settle(): void {
    if (!this.#ended || !this.#mediaClosed) return;
    if (this.#life !== null && this.#life.phase !== 'done') return;
    if (this.#life !== null) this.#deps.recorders.release(this.#recording);
    this.#control.close();
    this.#done();
  }

  #saveCall(change: Partial<CallRecord>): void {
    this.#call = { ...this.#call, ...change, version: this.#call.version + 1 };
    this.#write([{ kind: 'call', call: this.#call }]);
  }

  #write(events: readonly RecordEvent[]): void {
    this.#deps.journal.append(events).catch((error: unknown) => {
      this.#deps.alarm('journal');
      this.#deps.logger.error('journal-refused', { callId: this.callId, error: String(error) });
    });
  }

  #now(): string {
    return rfc3339(this.#deps.clock.wall());
  }

  #newId(): string {
    return uuidV7(this.#deps.clock.wall(), this.#deps.random);
  }
}
