import { codecId } from '../audio/codec-id.ts';
import { G711Decoder } from '../audio/g711-decoder.ts';
import type { RecordingRate } from '../audio/recording-rate.ts';
import type { SpeechDecoder } from '../audio/speech-decoder.ts';
import type { SpeechDecoders } from '../audio/speech-decoders.ts';
import { sequenceDelta } from '../rtp/sequence.ts';
import { rtpFault, RtpView } from '../rtp/rtp-view.ts';
import { ChannelTimeLine } from './channel-time-line.ts';
import { LegDecoders } from './leg-decoders.ts';
import { MediaTimestamps } from './media-timestamps.ts';
import { ReorderWindow, type WindowPacket, type WindowSink } from './reorder-window.ts';
import { slip, StreamClock } from './stream-clock.ts';
import { threadSamples } from './thread-samples.ts';

/** A gap in the sequence is waited for this long. */
const reorderSeconds = 0.1;
/** A stream that starts or jumps is watched this long before its place is settled. */
const settleSeconds = 0.08;
/** Packets watched at once. */
const settleLimit = 32;
/** A timestamp that leaves its sequence and lies further than this from its arrival is a jump. */
const jumpSeconds = 0.1;
/** A packet this much before its place shows that those by which its stream was placed were late. */
const earlySeconds = 0.005;
/** A packet of the SSRC before, this soon after the change, was only overtaken. */
const stragglerSeconds = 0.1;
/** More than the longest packet that is relayed holds of G.711, and what a filter holds back. */
const longestSeconds = 0.27;
/** Of a gap no more than its first 60 ms are made up; beyond, guesses would be taken for speech. */
const concealSeconds = 0.06;

/** No timestamp: compares with none. */
const nowhere = Number.NaN;

/** A decoded packet that waits for its stream's place. */
interface Watched {
  readonly timestamp: number;
  readonly arrival: number;
  /** How long the packet is. */
  readonly count: number;
  /** The timestamp of the first of its samples, which a filter may have delayed. */
  readonly from: number;
  readonly samples: Int16Array;
  /** No packet is missing before it. */
  readonly follows: boolean;
}

/**
 * One party's packets: put in order, decoded, and placed on the channel's time line. RTP timestamps, counted
 * in the recording's samples, give order and spacing; arrival times only say where a stream as a whole lies.
 */
export class LegChannel implements WindowSink {
  readonly timeLine: ChannelTimeLine;
  readonly window: ReorderWindow;
  readonly drops = { notRtp: 0, unknownFormat: 0, undecodable: 0, late: 0, straggler: 0, unplaced: 0 };
  readonly #rate: RecordingRate;
  readonly #clock: StreamClock;
  readonly #view = new RtpView();
  readonly #codecs = new Uint8Array(128);
  /** kHz. */
  readonly #clockRates = new Uint8Array(128);
  readonly #decoders: LegDecoders;
  /** Shared: what is in it holds until the next packet of any leg. */
  readonly #decoded: Int16Array;
  readonly #concealLimit: number;
  readonly #packet: WindowPacket = {
    sequence: 0,
    timestamp: 0,
    arrival: 0,
    codec: 0,
    clockKhz: 0,
    buffer: new Uint8Array(0),
    offset: 0,
    length: 0,
  };
  readonly #timestamps: MediaTimestamps;
  #watched: Watched[] = [];
  /** Whether the stream's place is known; while packets are watched, whether one was known before. */
  #anchored = false;
  /** The timestamp of the first sample that was placed by the anchor. */
  #anchorage = nowhere;
  #ssrc = -1;
  #formerSsrc = -1;
  #changedAt = 0;
  /** Of the last packet that was understood. */
  #sequence = 0;
  /** The timestamp that continues what was received, and the one that continues what the decoder gave out. */
  #expected = nowhere;
  #given = nowhere;
  /** What the party speaks; null: nothing that could be continued. */
  #decoder: SpeechDecoder | null = null;
  /** The decoder's samples go on where it left off: neither an event nor comfort noise came since. */
  #isSpeaking = false;

  constructor(sampleRate: RecordingRate, decoders: SpeechDecoders) {
    this.#rate = sampleRate;
    this.timeLine = new ChannelTimeLine(sampleRate);
    this.window = new ReorderWindow(this, reorderSeconds * sampleRate);
    this.#clock = new StreamClock(sampleRate);
    this.#decoders = new LegDecoders(sampleRate, decoders);
    this.#decoded = threadSamples('decoded', Math.ceil(longestSeconds * sampleRate));
    this.#concealLimit = concealSeconds * sampleRate;
    this.#timestamps = new MediaTimestamps(sampleRate);
  }

  /** Payload type, codec id and kHz of the RTP clock for each format that holds from here on. */
  formats(formats: Uint8Array): void {
    this.#codecs.fill(0);
    for (let i = 0; i + 2 < formats.length; i += 3) {
      const payloadType = (formats[i] as number) & 0x7f;
      this.#codecs[payloadType] = formats[i + 1] as number;
      this.#clockRates[payloadType] = formats[i + 2] as number;
    }
  }

  /** Whether a packet of this payload type is kept as it came, because nothing here decodes it. */
  isUndecoded(payloadType: number): boolean {
    return this.#codecs[payloadType & 0x7f] === codecId.undecoded;
  }

  /** Takes an RTP packet that arrived at a position. *Borrows* the bytes until return. */
  receive(bytes: Uint8Array, arrival: number): void {
    const view = this.#view;
    if (view.bind(bytes, bytes.length) !== rtpFault.none) {
      this.drops.notRtp += 1;
      return;
    }
    if (view.ssrc !== this.#ssrc && !this.#changeStream(view.ssrc, arrival)) {
      this.drops.straggler += 1;
      return;
    }
    const packet = this.#packet;
    packet.sequence = view.sequence;
    packet.timestamp = view.timestamp;
    packet.arrival = arrival;
    packet.codec = this.#codecs[view.payloadType] as number;
    packet.clockKhz = this.#clockRates[view.payloadType] as number;
    packet.buffer = view.buffer;
    packet.offset = view.payloadOffset;
    packet.length = view.payloadLength;
    this.window.push(packet);
  }

  /** Lets time pass: `now` is the newest position at which anything arrived. */
  advance(now: number): void {
    this.window.advance(now);
    const first = this.#watched[0];
    if (first !== undefined && now - first.arrival >= settleSeconds * this.#rate) this.#settle();
  }

  /** Everything before `position` is about to be taken: what should have come by then is made up. */
  complete(position: number): void {
    const decoder = this.#decoder;
    if (decoder === null || !this.#anchored || this.#watched.length > 0) return;
    if (!(this.#given + this.#clock.offset < position)) return;
    this.#conceal(decoder, this.#concealLimit);
    this.#drain();
  }

  /** Nothing more comes: everything that waits is placed. */
  flush(): void {
    this.window.flush();
    this.#settle();
    this.#drain();
  }

  /** Gives its decoders back. It must not be used again. */
  release(): void {
    this.#decoders.release();
  }

  inOrder(packet: WindowPacket): void {
    switch (packet.codec) {
      case codecId.pcmu:
      case codecId.pcma:
      case codecId.g722:
      case codecId.opus:
      case codecId.undecoded:
        this.#speech(packet);
        return;
      case codecId.telephoneEvent:
        this.#event(packet);
        return;
      case codecId.comfortNoise:
        this.#comfort(packet);
        return;
      default:
        this.drops.unknownFormat += 1;
    }
  }

  /** Its turn was given up. Only a codec without memory can still say what it meant, at its own rate. */
  late(packet: WindowPacket): void {
    const decoder = packet.codec === 0 ? null : this.#decoders.of(packet.codec);
    if (!(decoder instanceof G711Decoder)) {
      this.drops.late += 1;
      return;
    }
    if (!this.#anchored || this.#watched.length > 0 || !this.#timestamps.follows(packet.clockKhz)) {
      this.drops.unplaced += 1;
      return;
    }
    const count = decoder.decodeAlone(packet.buffer, packet.offset, packet.length, this.#decoded);
    const timestamp = this.#timestamps.near(packet.timestamp);
    this.timeLine.place(timestamp + this.#clock.offset, this.#decoded, count);
  }

  /** False: a straggler of the stream before. */
  #changeStream(ssrc: number, arrival: number): boolean {
    if (ssrc === this.#formerSsrc && arrival - this.#changedAt < stragglerSeconds * this.#rate) return false;
    this.flush();
    this.#formerSsrc = this.#ssrc;
    this.#ssrc = ssrc;
    this.#changedAt = arrival;
    this.#forgetPlace();
    this.#decoder = null;
    return true;
  }

  #forgetPlace(): void {
    this.#anchored = false;
    this.#expected = nowhere;
    this.#given = nowhere;
    this.#isSpeaking = false;
    this.#timestamps.restart();
  }

  #speech(packet: WindowPacket): void {
    const decoder = this.#decoders.of(packet.codec);
    const count = decoder?.samplesIn(packet.buffer, packet.offset, packet.length) ?? 0;
    if (decoder === null || count === 0) {
      // RFC 6263 §4.1: an empty packet keeps a binding alive, and says nothing.
      if (packet.length === 0) this.#sequence = packet.sequence;
      else this.drops.undecodable += 1;
      return;
    }
    this.#followClock(packet.clockKhz);
    const follows = this.#follows(packet);
    const timestamp = this.#timestamps.next(packet.timestamp);
    if (decoder !== this.#decoder) this.#changeDecoder(decoder);
    const mustWatch =
      this.#watched.length > 0 || !this.#anchored || this.#isSuspect(timestamp, packet.arrival, count);
    if (!mustWatch && timestamp > this.#expected) this.#bridge(decoder, timestamp, packet, follows);
    if (timestamp !== this.#given + decoder.pending) {
      this.#drain();
      this.#given = timestamp;
    }
    const written = decoder.decode(packet.buffer, packet.offset, packet.length, this.#decoded);
    if (written < 0) {
      this.drops.undecodable += 1;
      return;
    }
    this.#isSpeaking = true;
    this.#sequence = packet.sequence;
    if (mustWatch) this.#watch(timestamp, packet.arrival, count, written, follows);
    else this.#place(timestamp, packet.arrival, count, this.#given, written);
  }

  #changeDecoder(decoder: SpeechDecoder): void {
    this.#drain();
    decoder.reset();
    this.#decoder = decoder;
    this.#isSpeaking = false;
  }

  /** A codec on another clock counts from another beginning (RFC 7160 §4.1): its place is found anew. */
  #followClock(clockKhz: number): void {
    if (this.#timestamps.follows(clockKhz)) return;
    this.#settle();
    this.#drain();
    this.#forgetPlace();
    this.#timestamps.useClock(clockKhz);
  }

  /** Whether no packet is missing before this one. */
  #follows({ sequence }: WindowPacket): boolean {
    return sequenceDelta(this.#sequence, sequence) === 1;
  }

  /** Between what was received and `timestamp` something is missing, or nothing was sent. */
  #bridge(decoder: SpeechDecoder, timestamp: number, packet: WindowPacket, follows: boolean): void {
    const { offset } = this.#clock;
    if (follows) {
      this.timeLine.excuse(this.#expected + offset, timestamp + offset);
      return;
    }
    const { buffer, offset: from, length } = packet;
    const gap = timestamp - this.#given - decoder.pending;
    const redundant = Math.min(decoder.redundantIn(buffer, from, length), gap);
    this.#conceal(decoder, gap - redundant);
    if (redundant <= 0) return;
    const recovered = decoder.recover(buffer, from, length, redundant, this.#decoded);
    this.timeLine.conceal(timestamp - redundant + offset, this.#decoded, recovered);
    this.#given = timestamp - redundant + recovered;
  }

  /** Makes up at most `count` samples behind the last ones, as far as the limit of the gap allows. */
  #conceal(decoder: SpeechDecoder, count: number): void {
    if (!this.#isSpeaking) return;
    const spent = this.#given + decoder.pending - this.#expected;
    const allowed = Math.min(count, this.#concealLimit - spent);
    if (!(allowed > 0)) return;
    this.#give(decoder.conceal(allowed, this.#decoded));
  }

  /** Places what came out of the decoder without a packet: a filter's rest of what was received, then what was made up. */
  #give(count: number): void {
    const received = Math.max(0, Math.min(count, this.#expected - this.#given));
    const position = this.#given + this.#clock.offset;
    this.timeLine.place(position, this.#decoded, received);
    this.timeLine.conceal(position + received, this.#decoded.subarray(received), count - received);
    this.#given += count;
  }

  /** Gives out what the decoder's filter holds back, because nothing continues it. */
  #drain(): void {
    if (this.#decoder === null || this.#decoder.pending === 0) return;
    this.#give(this.#decoder.drain(this.#decoded));
  }

  /** Places a packet's samples, of which a filter may give the first ones in what was made up before it. */
  #place(timestamp: number, arrival: number, count: number, from: number, written: number): void {
    const made = timestamp === this.#expected ? 0 : Math.max(0, Math.min(written, timestamp - from));
    if (made > 0) {
      this.timeLine.conceal(from + this.#clock.offset, this.#decoded, made);
      this.#decoded.copyWithin(0, made, written);
    }
    const early = timestamp + this.#clock.offset - arrival;
    if (early > earlySeconds * this.#rate) this.#moveBack(Math.round(early), arrival);
    const by = this.#clock.observe(timestamp, arrival);
    const slipped = slip(this.#decoded, written - made, by);
    this.timeLine.place(from + made + this.#clock.offset, this.#decoded, slipped);
    this.#clock.offset += slipped - (written - made);
    this.#expected = timestamp + count;
    this.#given = from + written;
  }

  /** While nothing of the stream has been taken, a late anchor costs nothing: all of it moves, to the sample. */
  #moveBack(early: number, arrival: number): void {
    const { offset } = this.#clock;
    const by = Math.min(early, this.#anchorage + offset - this.timeLine.taken);
    if (!(by > 0)) return;
    this.timeLine.moveBack(this.#anchorage + offset, Math.max(this.#given, this.#expected) + offset, by);
    this.#clock.anchor(offset - by, arrival);
  }

  /** The timestamp does not say what the arrival says, or its place is past: the stream may have jumped. */
  #isSuspect(timestamp: number, arrival: number, count: number): boolean {
    const position = timestamp + this.#clock.offset;
    const lag = arrival - position;
    const jump = jumpSeconds * this.#rate;
    if (timestamp !== this.#expected && Math.abs(lag) > jump) return true;
    return (
      position + count <= this.timeLine.taken || position >= this.timeLine.taken + this.timeLine.capacity
    );
  }

  #watch(timestamp: number, arrival: number, count: number, written: number, follows: boolean): void {
    // Copied first: settling decodes nothing, but it uses the same buffer.
    const samples = this.#decoded.slice(0, written);
    const watched: Watched = { timestamp, arrival, count, from: this.#given, samples, follows };
    const first = this.#watched[0];
    if (first !== undefined) {
      const spread = arrival - first.arrival - (timestamp - first.timestamp);
      if (Math.abs(spread) > this.timeLine.capacity / 2) this.#settle();
    }
    this.#watched.push(watched);
    this.#given = watched.from + written;
    const since = this.#watched[0]?.arrival ?? arrival;
    if (this.#watched.length >= settleLimit || arrival - since >= settleSeconds * this.#rate) this.#settle();
  }

  /** Decides where the watched packets lie: by the place known before if it still fits, else by arrival. */
  #settle(): void {
    const watched = this.#watched;
    const first = watched[0];
    const last = watched.at(-1);
    if (first === undefined || last === undefined) return;
    this.#watched = [];
    const end = this.#expected + this.#clock.offset;
    const offset = watched.reduce((least, p) => Math.min(least, p.arrival - p.timestamp), Infinity);
    const moved = Math.abs(offset - this.#clock.offset) > jumpSeconds * this.#rate;
    if (!this.#anchored || moved) {
      this.#clock.anchor(offset, last.arrival);
      this.#anchorage = Math.min(first.from, first.timestamp);
    }
    this.#anchored = true;
    const begin = first.timestamp + this.#clock.offset;
    if (first.follows && begin > end) this.timeLine.excuse(end, begin);
    for (const { timestamp, arrival, count, from, samples } of watched) {
      this.#decoded.set(samples);
      this.#place(timestamp, arrival, count, from, samples.length);
    }
  }

  /** RFC 4733 §2.3: the timestamp is the event's beginning, octets 2 and 3 of the payload its duration so far. */
  #event(packet: WindowPacket): void {
    if (packet.length < 4) {
      this.drops.unplaced += 1;
      return;
    }
    if (!this.#timestamps.hasClock) this.#timestamps.useClock(packet.clockKhz);
    const timestamp = this.#timestamps.next(packet.timestamp);
    const high = packet.buffer[packet.offset + 2] as number;
    const ticks = (high << 8) | (packet.buffer[packet.offset + 3] as number);
    // The timestamp shares the clock of the speech; the duration is told by the event's own.
    const duration = Math.round((ticks * this.#rate) / (packet.clockKhz * 1000));
    this.#sequence = packet.sequence;
    this.#pauseSpeech(timestamp + duration);
    const begin = this.#anchored ? timestamp + this.#clock.offset : Math.round(packet.arrival) - duration;
    // Its updates repeat what was said of it before: that is not late.
    const from = Math.max(begin, this.timeLine.taken);
    this.timeLine.placeSilence(from, Math.max(0, begin + duration - from));
  }

  #comfort(packet: WindowPacket): void {
    if (!this.#timestamps.hasClock) this.#timestamps.useClock(packet.clockKhz);
    const timestamp = this.#timestamps.next(packet.timestamp);
    this.#sequence = packet.sequence;
    this.#pauseSpeech(timestamp);
    const position = this.#anchored ? timestamp + this.#clock.offset : Math.round(packet.arrival);
    const { buffer, offset, length, clockKhz } = packet;
    this.timeLine.placeComfort(position, buffer, offset, length, clockKhz * 1000);
  }

  /** Something else than speech lasts until a timestamp: there is nothing to make up from. */
  #pauseSpeech(until: number): void {
    if (this.#watched.length > 0 || !this.#anchored) return;
    this.#drain();
    this.#isSpeaking = false;
    if (until > this.#expected) this.#expected = until;
    if (until > this.#given) this.#given = until;
  }
}
