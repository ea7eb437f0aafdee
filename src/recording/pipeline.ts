import type { AudioEncoder, AudioShape } from '../audio/audio-encoder.ts';
import { interleave, mixDown } from '../audio/mix.ts';
import type { RecordingRate } from '../audio/recording-rate.ts';
import type { SpeechDecoders } from '../audio/speech-decoders.ts';
import type { TapChannel } from '../kernel/tap-ring.ts';
import { LegChannel } from './leg-channel.ts';
import { type BothCounts, countsSince, Lookback } from './lookback.ts';
import { PauseCuts } from './pause-cuts.ts';
import { PeakMeter } from './peaks.ts';
import { slot, type SlotCounts } from './slot.ts';
import type { Checkpoint, RecordingMark } from './spool-format.ts';
import { RawPackets } from './raw-packets.ts';
import { threadSamples } from './thread-samples.ts';
import { ToneEraser } from './tone-eraser.ts';

/** The time line is mixed this far behind the newest arrival, so that late and reordered packets find their place. */
const patienceSeconds = 0.2;
/**
 * Audio is spooled in portions of this length: with patience and a poll, a crash takes three quarters of a second.
 * Each portion is sealed and written by itself, which costs as much as decoding it: half as long, twice the cost.
 */
const portionSeconds = 0.5;

/** What makes bytes of samples: those that are kept, and where an MP3 is made meanwhile (else null) its encoder. */
export interface PortionEncoders {
  readonly samples: AudioEncoder;
  readonly live: AudioEncoder | null;
}

/** Where portions go; `SpoolWriter` is one. */
export interface PortionSink {
  /** *Borrows* the audio until return. */
  append(audio: Uint8Array, checkpoint: Checkpoint): void;
  /** Packets as they came. *Borrows* the bytes until return. */
  raw(bytes: Uint8Array): void;
  /** What the live encoder made of what was appended. *Borrows* the bytes until return. */
  encoded(bytes: Uint8Array): void;
  end(checkpoint: Checkpoint): void;
}

export interface RecordingShape extends AudioShape {
  readonly sampleRate: RecordingRate;
}

/**
 * The way of a recording's audio: each leg is put in order, decoded and laid on its time line; both are
 * mixed up to the same position and sealed into the spool as samples. Where the file is to be an MP3, what an
 * encoder makes of them goes there too, for as long as the machine has the time for it. All positions are
 * samples from the beginning on the media clock.
 */
export class Pipeline {
  readonly legs: readonly [LegChannel, LegChannel];
  readonly #shape: AudioShape;
  readonly #samples: AudioEncoder;
  readonly #peaks: PeakMeter;
  #live: AudioEncoder | null;
  readonly #sink: PortionSink;
  readonly #patience: number;
  readonly #portion: number;
  readonly #left: Int16Array;
  readonly #right: Int16Array;
  readonly #mixed: Int16Array;
  readonly #marks: RecordingMark[] = [];
  /** Null: a codec that is not decoded leaves silence alone. */
  #raw: RawPackets | null;
  /** Null: a pause is silence of its length. */
  #cuts: PauseCuts | null = null;
  /** Null: all that is mixed is kept. */
  #lookback: Lookback | null = null;
  /** Where on the media clock the file begins, and what had been counted by then. */
  #origin = 0;
  #before: BothCounts | null = null;
  #erasers: readonly [ToneEraser, ToneEraser] | null = null;
  #position = 0;
  /** Nothing more comes: behind the last packets is silence, for there is no gap to bridge. */
  #isEnding = false;
  #startedAt: string | null = null;

  constructor(shape: RecordingShape, encoders: PortionEncoders, sink: PortionSink, decoders: SpeechDecoders) {
    this.#shape = shape;
    this.#samples = encoders.samples;
    this.#live = encoders.live;
    this.#peaks = new PeakMeter(shape);
    this.#raw = new RawPackets(shape.sampleRate);
    this.#sink = sink;
    this.#patience = patienceSeconds * shape.sampleRate;
    this.#portion = portionSeconds * shape.sampleRate;
    this.#left = threadSamples('left', this.#portion);
    this.#right = threadSamples('right', this.#portion);
    this.#mixed = threadSamples('mixed', 2 * this.#portion);
    this.legs = [new LegChannel(shape.sampleRate, decoders), new LegChannel(shape.sampleRate, decoders)];
  }

  /** Everything before it has been mixed, encoded and handed to the spool. */
  get position(): number {
    return this.#position;
  }

  get peaks(): PeakMeter {
    return this.#peaks;
  }

  /** Whether an MP3 is being made as the audio comes. */
  get encodesLive(): boolean {
    return this.#live !== null;
  }

  /** Makes no MP3 any more: it is left for after the end, and what was made so far is not used. */
  defer(): void {
    this.#live?.release();
    this.#live = null;
  }

  /** RFC 3339: the instant of position 0. */
  begin(at: string): void {
    this.#startedAt = at;
  }

  /**
   * From here on digits that are dialled in the audio are silence in the recording. Before it begins. Packets that
   * are not decoded may hold digits, and are not kept.
   */
  eraseDigits(): void {
    this.#raw = null;
    const eraser = ({ timeLine }: LegChannel): ToneEraser => new ToneEraser(timeLine, this.#shape.sampleRate);
    this.#erasers = [eraser(this.legs[0]), eraser(this.legs[1])];
  }

  /** From here on pauses are cut out of the file. Before it begins. */
  cutPauses(): void {
    this.#cuts = new PauseCuts();
  }

  /**
   * Nothing is kept but the last seconds, in memory, until `keepFrom`. Before it begins. An MP3 is then made after the
   * end: seconds at once would keep other recordings waiting.
   */
  standBy(seconds: number): void {
    this.#lookback = new Lookback(seconds * this.#shape.sampleRate);
    this.defer();
  }

  get standsBy(): boolean {
    return this.#lookback !== null;
  }

  /**
   * Somebody asks for the recording at `position`: it begins with what there is of the seconds before, at the instant
   * that `startedAt` gives for a position. Returns where in the file `position` is.
   */
  keepFrom(position: number, startedAt: (origin: number) => string): number {
    if (this.#lookback === null) return this.inFile(position);
    const kept = this.#lookback.keptAt(position);
    this.#origin = this.#lookback.origin;
    this.#before = this.#lookback.before;
    this.#lookback = null;
    this.begin(startedAt(this.#origin));
    for (const { samples, counts } of kept) this.#write(samples, counts);
    return this.inFile(position);
  }

  /** *Borrows* the packet until return. */
  receive(channel: TapChannel, packet: Uint8Array, arrival: number): void {
    // A reader that was away finds more than the time line holds: what lies far behind is due.
    if (arrival - this.#position > 0.75 * this.legs[0].timeLine.capacity) this.advance(arrival);
    const leg = this.legs[channel];
    leg.receive(packet, arrival);
    if (leg.isUndecoded(packet[1] ?? 0)) this.#raw?.add(channel, arrival, packet);
  }

  /** SDP of what the channel sends and nothing here decodes. *Borrows* the bytes until return. */
  describe(channel: TapChannel, sdp: Uint8Array): void {
    this.#raw?.describe(channel, sdp);
  }

  /** Returns where in the file it is. */
  mark(mark: 'pause' | 'resume', position: number): number {
    // A mark for a place that has been taken holds from here on.
    this.#cuts?.mark(Math.max(position, this.#position), mark === 'pause');
    const samplePosition = this.inFile(position);
    if (this.#lookback === null) this.#marks.push({ mark, samplePosition });
    for (const { timeLine } of this.legs) timeLine.pauseAt(position, mark === 'pause');
    return samplePosition;
  }

  /** Where in the file a position lies that is no earlier than the newest mark. */
  inFile(position: number): number {
    return (this.#cuts?.inFile(position) ?? position) - this.#origin;
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
    this.#isEnding = true;
    while (this.#position < length) this.#carry(Math.min(this.#portion, length - this.#position));
    this.#encodeLive((live) => live.finish());
    this.#carryRaw();
    const checkpoint = { ...this.#checkpoint(this.#counts()), encoded: this.#live?.progress() ?? null };
    this.#sink.end(checkpoint);
    return checkpoint;
  }

  /** Gives encoder and decoders back. */
  release(): void {
    this.defer();
    for (const leg of this.legs) leg.release();
  }

  /** The next `count` samples go their way, but for those that are cut out. */
  #carry(count: number): void {
    const end = this.#position + count;
    while (this.#position < end) {
      const { until, cut } = this.#cuts?.stretch(this.#position, end) ?? { until: end, cut: false };
      const length = until - this.#position;
      this.#takeSamples(0, length, this.#left);
      this.#takeSamples(1, length, this.#right);
      this.#position = until;
      if (!cut) this.#keep(length);
    }
  }

  /** The samples just taken are mixed. */
  #keep(count: number): void {
    const { channels } = this.#shape;
    const mix = channels === 2 ? interleave : mixDown;
    mix(this.#left, this.#right, count, this.#mixed, 0);
    const mixed = this.#mixed.subarray(0, count * channels);
    if (this.#lookback === null) this.#write(mixed, this.#counts());
    else {
      this.#lookback.add(mixed, this.#position - count, this.#position, this.#counts());
      this.#raw?.take();
    }
  }

  /** Mixed samples → encoder → spool. *Borrows* them until return. */
  #write(mixed: Int16Array, counts: BothCounts): void {
    this.#peaks.add(mixed);
    this.#carryRaw();
    this.#sink.append(this.#samples.encode(mixed), this.#checkpoint(counts));
    this.#encodeLive((live) => live.encode(mixed));
  }

  #carryRaw(): void {
    const raw = this.#raw?.take();
    if (raw !== undefined && raw.length > 0) this.#sink.raw(raw);
  }

  /** The samples are safe already: an encoder that fails costs time after the end, and nothing else. */
  #encodeLive(work: (live: AudioEncoder) => Uint8Array): void {
    if (this.#live === null) return;
    try {
      this.#sink.encoded(work(this.#live));
    } catch {
      this.defer();
    }
  }

  #takeSamples(channel: TapChannel, count: number, target: Int16Array): void {
    const eraser = this.#erasers?.[channel];
    const end = this.#position + count;
    const leg = this.legs[channel];
    if (!this.#isEnding) leg.complete(end);
    eraser?.listen(end);
    leg.timeLine.take(end, target);
    eraser?.erase(this.#position, count, target);
  }

  #checkpoint(counts: BothCounts): Checkpoint {
    const before = this.#before;
    return {
      startedAt: this.#startedAt,
      progress: this.#samples.progress(),
      rawBytes: this.#raw?.bytes ?? 0,
      encoded: null,
      slots:
        before === null ? counts : [countsSince(counts[0], before[0]), countsSince(counts[1], before[1])],
      marks: [...this.#marks],
    };
  }

  #counts(): BothCounts {
    const [left, right] = this.legs;
    return [this.#countsOf(left), this.#countsOf(right)];
  }

  /** Time that was cut out of the file is in none of its slots. */
  #countsOf({ timeLine }: LegChannel): SlotCounts {
    const counts = timeLine.counts();
    return this.#cuts === null ? counts : counts.with(slot.paused, 0);
  }
}
