import type { Schedule } from '../../kernel/timers.ts';
import type { LinkAnswer } from '../../link/protocol.ts';
import type { Decision, WantedRecording } from '../../policy/decide.ts';
import { actionOf } from '../../policy/feature-codes.ts';
import { mayControl, recordingAllowed } from '../../policy/may-control.ts';
import type { ControlPlace } from '../../policy/options.ts';
import type { ControlAction, ControlEvent } from '../../records/control-event.ts';
import type { RecordingLife } from '../../records/recording-life.ts';
import type { Controlled } from '../../signalling/ports.ts';
import { type Acknowledged, controlDesk, type ControlDesk } from './control-desk.ts';

/** Who controls a recording, and from where. */
export interface Controller {
  readonly from: ControlPlace;
  /** As it stands in the record. */
  readonly actor: string;
}

/** How long who asks in the call for a recording waits for it; the parties may take longer to be told. */
const startWithinMs = 3000;

/** The call that is controlled. */
export interface ControlledCall {
  readonly schedule: Schedule;
  readonly decision: Decision;
  /** Of its recording; null: there has been none. */
  readonly life: RecordingLife | null;
  /** It is up, speaks what can be recorded, and nobody has refused. */
  mayBegin(wanted: WantedRecording): boolean;
  begin(wanted: WantedRecording): void;
  stop(): void;
  mark(mark: 'pause' | 'resume'): void;
  /** What nobody waits for could not be written down. */
  failed(error: unknown): void;
  /** Resolves once it is written down. */
  record(control: Omit<ControlEvent, 'id' | 'callId' | 'at'>): Promise<void>;
}

/** Live control of one call: who may, whether its recording's state allows it, and the recorder's word that it is so. */
export class LiveControl {
  readonly #call: ControlledCall;
  readonly #desk: ControlDesk = controlDesk();
  #forgetPause: () => void = () => undefined;
  /** Where the recorder has begun with what the parties are told. */
  #heldBegin: number | null = null;

  constructor(call: ControlledCall) {
    this.#call = call;
  }

  /** The recorder is in a pause. */
  get paused(): boolean {
    return this.#desk.paused;
  }

  marked(mark: 'begin' | 'pause' | 'resume' | 'end', samplePosition: number): void {
    if (mark !== 'pause') this.#forgetPause();
    // Who asks for a recording is answered when the parties are in it.
    if (mark === 'begin' && this.#call.life?.phase === 'telling') {
      this.#heldBegin = samplePosition;
      return;
    }
    this.#desk.marked(mark, samplePosition);
  }

  /** The parties were told, and are recorded from here on. */
  opened(): void {
    if (this.#heldBegin !== null) this.#desk.marked('begin', this.#heldBegin);
    this.#heldBegin = null;
  }

  /** The recording is over. */
  close(): void {
    this.#heldBegin = null;
    this.#forgetPause();
    this.#desk.close();
  }

  /** Answers when the recorder has said where it took effect. */
  async ask(action: ControlAction, by: Controller, reason: string | null): Promise<LinkAnswer> {
    const wanted = recordingAllowed(this.#call.decision);
    if (wanted === null) return { ok: false, code: action === 'start' ? 'forbidden' : 'conflict' };
    if (!mayControl(wanted.rule, action, by.from)) return { ok: false, code: 'forbidden' };
    const answer = await (action === 'start' ? this.#begin(wanted) : this.#mark(action));
    if (answer !== null && action === 'pause') this.#boundPause(wanted);
    return this.#took(answer, { action, actor: by.actor, reason });
  }

  async #took(
    answer: Acknowledged | null,
    done: Pick<ControlEvent, 'action' | 'actor' | 'reason'>,
  ): Promise<LinkAnswer> {
    const recordingId = this.#call.life?.record.id;
    if (answer === null || recordingId === undefined) return { ok: false, code: 'conflict' };
    const { samplePosition } = answer;
    await this.#call.record({ ...done, recordingId, samplePosition });
    return { ok: true, value: { method: 'control', recordingId, samplePosition } };
  }

  /** Who forgets to resume has the recording resumed, in the rule's name. */
  #boundPause({ rule }: WantedRecording): void {
    if (rule.maxPauseSeconds === undefined) return;
    this.#forgetPause = this.#call.schedule(rule.maxPauseSeconds * 1000, () => {
      this.#mark('resume')
        .then((answer) => this.#took(answer, { action: 'resume', actor: 'rule', reason: 'max-pause' }))
        .catch((error: unknown) => {
          this.#call.failed(error);
        });
    });
  }

  /** What a code asks for that a party has dialled; null: nothing here. */
  meant(code: string): ControlAction | null {
    const { life, decision } = this.#call;
    const rule = recordingAllowed(decision)?.rule;
    if (rule === undefined) return null;
    const running = life !== null && life.asked && life.phase !== 'done';
    return actionOf(rule, code, { running, paused: this.paused });
  }

  /** What a party is answered: to a start, at the latest when the parties are being told. */
  async askInCall(action: ControlAction, legId: string, reason: string): Promise<Controlled> {
    const asked = this.ask(action, { from: 'call', actor: `leg:${legId}` }, reason);
    const answer = await (action === 'start' ? Promise.race([asked, this.#underWay()]) : asked);
    if (answer === 'under-way' || answer.ok) return 'done';
    return answer.code === 'forbidden' ? 'forbidden' : 'conflict';
  }

  #underWay(): Promise<'under-way'> {
    return new Promise((resolve) => {
      this.#call.schedule(startWithinMs, () => {
        resolve('under-way');
      });
    });
  }

  #begin(wanted: WantedRecording): Promise<Acknowledged | null> {
    const { life } = this.#call;
    const isFree = life === null || life.phase === 'done' || !life.asked;
    if (!isFree || !this.#call.mayBegin(wanted)) return Promise.resolve(null);
    return this.#desk.begin(() => {
      this.#call.begin(wanted);
    });
  }

  #mark(action: Exclude<ControlAction, 'start'>): Promise<Acknowledged | null> {
    const { life } = this.#call;
    if (life?.asked !== true) return Promise.resolve(null);
    return this.#desk.ask(life.phase, action === 'stop' ? 'end' : action, () => {
      if (action === 'stop') this.#call.stop();
      else this.#call.mark(action);
    });
  }
}
