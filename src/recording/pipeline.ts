import type { AudioEncoder, AudioShape } from '../audio/audio-encoder.ts';
import { interleave, mixDown } from '../audio/mix.ts';
import type { RecordingRate } from '../audio/recording-rate.ts';
import type { SpeechDecoders } from '../audio/speech-decoders.ts';
import type { TapChannel } from '../kernel/tap-ring.ts';
import { LegChannel } from './leg-channel.ts';
import type { Checkpoint, RecordingMark } from './spool-format.ts';
import { ToneEraser } from './tone-eraser.ts';

/** The time line is mixed this far behind the newest arrival, so that late and reordered packets find their place. */
const patienceSeconds = 0.2;
/**
 * Audio is encoded and spooled in portions of this length. With the patience, a poll and what an MP3
 * encoder keeps to itself (up to 0.38 s), a crash of the process takes less than a second.
 */
const portionSeconds = 0.25;

/** Where portions go; `SpoolWriter` is one. */
export interface PortionSink {
  /** *Borrows* the audio until return. */
  append(audio: Uint8Array, checkpoint: Checkpoint): void;
  end(audio: Uint8Array, checkpoint: Checkpoint): void;
}

export interface RecordingShape extends AudioShape {
  readonly sampleRate: RecordingRate;
}

/**
 * The way of a recording's audio: each leg is put in order, decoded and laid on its time line; both are
 * mixed up to the same position, encoded, and sealed into the spool. All positions are samples from the
 * beginning on the media clock.
 */
export class Pipeline {
  readonly legs: readonly [LegChannel, LegChannel];
  readonly #shape: AudioShape;
  readonly #encoder: AudioEncoder;
  readonly #sink: PortionSink;
  readonly #patience: number;
  readonly #portion: number;
  readonly #left: Int16Array;
  readonly #right: Int16Array;
  readonly #mixed: Int16Array;
  readonly #marks: RecordingMark[] = [];
  #erasers: readonly [ToneEraser, ToneEraser] | null = null;
  #position = 0;
  #startedAt: string | null = null;

  constructor(shape: RecordingShape, encoder: AudioEncoder, sink: PortionSink, decoders: SpeechDecoders) {
    this.#shape = shape;
    this.#encoder = encoder;
    this.#sink = sink;
    this.#patience = patienceSeconds * shape.sampleRate;
    this.#portion = portionSeconds * shape.sampleRate;
    this.#left = new Int16Array(this.#portion);
    this.#right = new Int16Array(this.#portion);
    this.#mixed = new Int16Array(this.#portion * shape.channels);
    this.legs = [new LegChannel(shape.sampleRate, decoders), new LegChannel(shape.sampleRate, decoders)];
  }

  /** Everything before it has been mixed, encoded and handed to the spool. */
  get position(): number {
    return this.#position;
  }

  /** RFC 3339: the instant of position 0. */
  begin(at: string): void {
    this.#startedAt = at;
  }

  /** From here on digits that are dialled in the audio are silence in the recording. Before it begins. */
  eraseDigits(): void {
    const eraser = ({ timeLine }: LegChannel): ToneEraser => new ToneEraser(timeLine, this.#shape.sampleRate);
    this.#erasers = [eraser(this.legs[0]), eraser(this.legs[1])];
  }

  /** *Borrows* the packet until return. */
  receive(channel: TapChannel, packet: Uint8Array, arrival: number): void {
    // A reader that was away finds more than the time line holds: what lies far behind is due.
    if (arrival - this.#position > 0.75 * this.legs[0].timeLine.capacity) this.advance(arrival);
    this.legs[channel].receive(packet, arrival);
  }

  mark(mark: 'pause' | 'resume', position: number): void {
    this.#marks.push({ mark, samplePosition: position });
    for (const { timeLine } of this.legs) timeLine.pauseAt(position, mark === 'pause');
  }

  /** Everything that arrived up to `now` is here: whole portions that are due by then go their way. */
  advance(now: number): void {
    for (const leg of this.legs) leg.advance(now);
    const due = now - this.#patience;
    while (this.#position + this.#portion <= due) this.#carry(this.#portion);
  }

  /** Cuts the recording at `length` and writes the rest of it. Returns its last checkpoint. */
  finish(length: number): Checkpoint {
    for (const leg of this.legs) leg.flush();
    while (this.#position < length) this.#carry(Math.min(this.#portion, length - this.#position));
    const rest = this.#encoder.finish();
    const checkpoint = this.#checkpoint();
    this.#sink.end(rest, checkpoint);
    return checkpoint;
  }

  /** Gives the decoders back. */
  release(): void {
    for (const leg of this.legs) leg.release();
  }

  /** The next `count` samples: time lines → mix → encoder → spool. */
  #carry(count: number): void {
    const { channels } = this.#shape;
    this.#takeSamples(0, count, this.#left);
    this.#takeSamples(1, count, this.#right);
    this.#position += count;
    const mix = channels === 2 ? interleave : mixDown;
    mix(this.#left, this.#right, count, this.#mixed, 0);
    const audio = this.#encoder.encode(this.#mixed.subarray(0, count * channels));
    this.#sink.append(audio, this.#checkpoint());
  }

  #takeSamples(channel: TapChannel, count: number, target: Int16Array): void {
    const eraser = this.#erasers?.[channel];
    const end = this.#position + count;
    const leg = this.legs[channel];
    leg.complete(end);
    eraser?.listen(end);
    leg.timeLine.take(end, target);
    eraser?.erase(this.#position, count, target);
  }

  #checkpoint(): Checkpoint {
    const [left, right] = this.legs;
    return {
      startedAt: this.#startedAt,
      progress: this.#encoder.progress(),
      slots: [left.timeLine.counts(), right.timeLine.counts()],
      marks: [...this.#marks],
    };
  }
}
