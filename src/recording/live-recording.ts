import type { SpeechDecoders } from '../audio/speech-decoders.ts';
import { type Clock, type MonotonicMs, rfc3339, wallOf } from '../kernel/clock.ts';
import { type TapChannel, tapKind, type TapRecord } from '../kernel/tap-ring.ts';
import { audioShape } from './open-spool.ts';
import { Pipeline, type PortionEncoders } from './pipeline.ts';
import type { Checkpoint, SpoolManifest } from './spool-format.ts';
import type { SpoolWriter } from './spool-writer.ts';

/** A mark that took effect, at a sample position. */
export interface EffectiveMark {
  /** `stand-by`: it runs, and nothing is kept yet but its last seconds. */
  readonly mark: 'stand-by' | 'begin' | 'pause' | 'resume' | 'end';
  readonly samplePosition: number;
}

export interface LiveRecordingParts {
  /** Both are the recording's from now on. */
  readonly spool: SpoolWriter;
  readonly encoders: PortionEncoders;
  readonly decoders: SpeechDecoders;
  readonly clock: Clock;
}

/** `ready`: no `begin` yet; `running`; `ended`: all of it is with the spool. */
type Phase = 'ready' | 'running' | 'ended';

/** One recording from its `begin` mark to its `end` mark. */
export class LiveRecording {
  phase: Phase = 'ready';
  paused = false;
  /** Marks that said nothing new: a second `begin`, a `pause` in a pause. */
  idleMarks = 0;
  /** What was recorded in all; null before the `end` mark. */
  last: Checkpoint | null = null;
  readonly manifest: SpoolManifest;
  readonly spool: SpoolWriter;
  readonly pipeline: Pipeline;
  readonly #clock: Clock;
  readonly #samplesPerMs: number;
  #begunAt = 0;
  #lastMarkAt = 0;

  constructor(manifest: SpoolManifest, { spool, encoders, decoders, clock }: LiveRecordingParts) {
    this.manifest = manifest;
    this.spool = spool;
    this.#clock = clock;
    this.#samplesPerMs = manifest.sampleRate / 1000;
    this.pipeline = new Pipeline(audioShape(manifest), encoders, spool, decoders);
  }

  /** Takes a record of the tap. *Borrows* it until return. Returns the mark that took effect by it. */
  take(record: TapRecord): EffectiveMark | null {
    if (record.kind === tapKind.packet) {
      if (this.phase === 'running')
        this.pipeline.receive(record.channel, record.bytes, this.#position(record.at));
      return null;
    }
    return this.#takeMark(record);
  }

  /** Everything that arrived up to this instant has been taken. */
  advance(settled: MonotonicMs): void {
    if (this.phase === 'running') this.pipeline.advance(this.#position(settled));
  }

  /** How far what is mixed lies behind an instant, milliseconds. */
  lagMs(now: MonotonicMs): number {
    if (this.phase !== 'running') return 0;
    return Math.max(0, (this.#position(now) - this.pipeline.position) / this.#samplesPerMs);
  }

  /** Gives encoder and decoders back. Nothing is recorded any more. */
  release(): void {
    this.phase = 'ended';
    this.pipeline.release();
  }

  #takeMark(record: TapRecord): EffectiveMark | null {
    switch (record.kind) {
      case tapKind.begin:
        return this.#begin(record.at);
      case tapKind.keep:
        return this.#keep(record.at);
      case tapKind.pause:
      case tapKind.resume:
        return this.#pause(record.at, record.kind === tapKind.pause);
      case tapKind.end:
        return this.#end(record.at);
      case tapKind.hold:
        this.#hold(record.channel, record.at, record.aux === 1);
        return null;
      case tapKind.formats:
        this.pipeline.legs[record.channel].formats(record.bytes);
        return null;
      case tapKind.describe:
        this.pipeline.describe(record.channel, record.bytes);
        return null;
      default:
        return null;
    }
  }

  #begin(at: MonotonicMs): EffectiveMark | null {
    if (this.phase !== 'ready') return this.#idle();
    this.phase = 'running';
    this.#begunAt = at;
    this.pipeline.begin(this.#instantOf(0));
    return { mark: this.pipeline.standsBy ? 'stand-by' : 'begin', samplePosition: 0 };
  }

  /** Somebody asks for it now. */
  #keep(at: MonotonicMs): EffectiveMark | null {
    if (this.phase !== 'running' || !this.pipeline.standsBy) return this.#idle();
    const position = this.#markPosition(at);
    const samplePosition = this.pipeline.keepFrom(position, (origin) => this.#instantOf(origin));
    return { mark: 'begin', samplePosition };
  }

  #instantOf(position: number): string {
    return rfc3339(wallOf(this.#clock, (this.#begunAt + position / this.#samplesPerMs) as MonotonicMs));
  }

  #pause(at: MonotonicMs, on: boolean): EffectiveMark | null {
    if (this.phase !== 'running' || this.paused === on) return this.#idle();
    this.paused = on;
    const mark = on ? 'pause' : 'resume';
    return { mark, samplePosition: this.pipeline.mark(mark, this.#markPosition(at)) };
  }

  #hold(channel: TapChannel, at: MonotonicMs, on: boolean): void {
    const position = this.phase === 'ready' ? 0 : this.#markPosition(at);
    this.pipeline.legs[channel].timeLine.holdAt(position, on);
  }

  #end(at: MonotonicMs): EffectiveMark | null {
    if (this.phase !== 'running') return this.#idle();
    const { standsBy } = this.pipeline;
    const position = standsBy ? this.#nothing() : Math.max(this.#markPosition(at), this.pipeline.position);
    this.phase = 'ended';
    this.last = this.pipeline.finish(position);
    return { mark: 'end', samplePosition: this.pipeline.inFile(position) };
  }

  /** Nobody has asked: what there is of it is gone. */
  #nothing(): number {
    this.pipeline.keepFrom(Infinity, (origin) => this.#instantOf(origin));
    return this.pipeline.position;
  }

  #idle(): null {
    this.idleMarks += 1;
    return null;
  }

  #position(at: number): number {
    return (at - this.#begunAt) * this.#samplesPerMs;
  }

  /** Whole samples, and never before the mark before: a time line's marks are in order. */
  #markPosition(at: MonotonicMs): number {
    this.#lastMarkAt = Math.max(this.#lastMarkAt, Math.round(this.#position(at)), 0);
    return this.#lastMarkAt;
  }
}
