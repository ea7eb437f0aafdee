import type { AudioEncoder, AudioShape } from '../audio/audio-encoder.ts';
import { interleave, mixDown } from '../audio/mix.ts';
import type { TapChannel } from '../kernel/tap-ring.ts';
import { LegChannel } from './leg-channel.ts';
import type { Checkpoint, RecordingMark } from './spool-format.ts';

/** The time line is mixed this far behind the newest arrival, so that late and reordered packets find their place. */
const patienceSeconds = 0.2;
/**
 * Audio is encoded and spooled in portions of this length. With the patience, a poll and what an MP3
 * encoder keeps to itself (up to 0.38 s), a crash of the process takes less than a second.
 */
const portionSeconds = 0.25;
const blockSamples = 1024;

/** Where portions go; `SpoolWriter` is one. */
export interface PortionSink {
  /** *Borrows* the audio until return. */
  append(audio: Uint8Array, checkpoint: Checkpoint): void;
  end(audio: Uint8Array, checkpoint: Checkpoint): void;
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
  readonly #left = new Int16Array(blockSamples);
  readonly #right = new Int16Array(blockSamples);
  readonly #mixed: Int16Array;
  readonly #marks: RecordingMark[] = [];
  #mixedCount = 0;
  #position = 0;

  constructor(shape: AudioShape, encoder: AudioEncoder, sink: PortionSink) {
    this.#shape = shape;
    this.#encoder = encoder;
    this.#sink = sink;
    this.#patience = patienceSeconds * shape.sampleRate;
    this.#mixed = new Int16Array(portionSeconds * shape.sampleRate * shape.channels);
    this.legs = [new LegChannel(shape.sampleRate), new LegChannel(shape.sampleRate)];
  }

  /** Everything before it has been mixed. */
  get position(): number {
    return this.#position;
  }

  /** *Borrows* the packet until return. */
  receive(channel: TapChannel, packet: Uint8Array, arrival: number): void {
    // A reader that was away finds more than the time line holds: what lies far behind is due.
    if (arrival - this.#position > this.legs[0].timeLine.capacity / 2) this.advance(arrival);
    this.legs[channel].receive(packet, arrival);
  }

  mark(mark: 'pause' | 'resume', position: number): void {
    this.#marks.push({ mark, samplePosition: position });
    for (const { timeLine } of this.legs) timeLine.pauseAt(position, mark === 'pause');
  }

  /** Everything that arrived up to `now` is here: mixes what is due by then. */
  advance(now: number): void {
    for (const leg of this.legs) leg.advance(now);
    this.#carry(Math.floor(now - this.#patience));
  }

  /** Cuts the recording at `length` and writes the rest of it. Returns its last checkpoint. */
  finish(length: number): Checkpoint {
    for (const leg of this.legs) leg.flush();
    this.#carry(length);
    this.#writePortion();
    const rest = this.#encoder.finish();
    const checkpoint = this.#checkpoint();
    this.#sink.end(rest, checkpoint);
    return checkpoint;
  }

  #carry(to: number): void {
    const { channels } = this.#shape;
    while (this.#position < to) {
      const room = this.#mixed.length / channels - this.#mixedCount;
      const count = Math.min(to - this.#position, blockSamples, room);
      this.#position += count;
      this.legs[0].timeLine.take(this.#position, this.#left);
      this.legs[1].timeLine.take(this.#position, this.#right);
      const mix = channels === 2 ? interleave : mixDown;
      mix(this.#left, this.#right, count, this.#mixed, this.#mixedCount * channels);
      this.#mixedCount += count;
      if (count === room) this.#writePortion();
    }
  }

  #writePortion(): void {
    if (this.#mixedCount === 0) return;
    const samples = this.#mixed.subarray(0, this.#mixedCount * this.#shape.channels);
    const audio = this.#encoder.encode(samples);
    this.#mixedCount = 0;
    this.#sink.append(audio, this.#checkpoint());
  }

  #checkpoint(): Checkpoint {
    const [left, right] = this.legs;
    return {
      progress: this.#encoder.progress(),
      slots: [left.timeLine.counts(), right.timeLine.counts()],
      marks: [...this.#marks],
    };
  }
}
