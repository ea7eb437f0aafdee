import { decodeALaw, decodeMuLaw } from '../audio/g711.ts';
import { codecId } from '../audio/codec-id.ts';
import { extendTimestamp } from '../rtp/sequence.ts';
import { rtpFault, RtpView } from '../rtp/rtp-view.ts';
import { ChannelTimeLine } from './channel-time-line.ts';
import { ReorderWindow, type WindowPacket, type WindowSink } from './reorder-window.ts';
import { slip, StreamClock } from './stream-clock.ts';

/** A gap in the sequence is waited for this long. */
const reorderSeconds = 0.1;
/** A stream that starts or jumps is watched this long before its place is settled. */
const settleSeconds = 0.08;
/** Packets watched at once. */
const settleLimit = 32;
/** A timestamp that leaves its sequence and lies further than this from its arrival is a jump. */
const jumpSeconds = 0.1;
/** A packet of the SSRC before, this soon after the change, was only overtaken. */
const stragglerSeconds = 0.1;
/** The longest packet that is decoded; an Ethernet frame holds less of G.711. */
const longestSeconds = 0.2;

/** A decoded packet that waits for its stream's place. */
interface Watched {
  readonly timestamp: number;
  readonly arrival: number;
  readonly samples: Int16Array;
}

/**
 * One party's packets: put in order, decoded, and placed on the channel's time line. RTP timestamps give
 * order and spacing; arrival times only say where a stream as a whole lies.
 */
export class LegChannel implements WindowSink {
  readonly timeLine: ChannelTimeLine;
  readonly window: ReorderWindow;
  readonly drops = { notRtp: 0, unknownFormat: 0, straggler: 0, unplaced: 0 };
  readonly #rate: number;
  readonly #clock: StreamClock;
  readonly #view = new RtpView();
  readonly #codecs = new Uint8Array(128);
  readonly #decoded: Int16Array;
  readonly #packet: WindowPacket = {
    sequence: 0,
    timestamp: 0,
    arrival: 0,
    codec: 0,
    buffer: new Uint8Array(0),
    offset: 0,
    length: 0,
  };
  #watched: Watched[] = [];
  /** Whether the stream's place is known; while packets are watched, whether one was known before. */
  #anchored = false;
  #ssrc = -1;
  #formerSsrc = -1;
  #changedAt = 0;
  /** Extended timestamps of the last packet in order, and of the one that continues it. */
  #timestamp = 0;
  #expected = -1;

  constructor(sampleRate: number) {
    this.#rate = sampleRate;
    this.timeLine = new ChannelTimeLine(sampleRate);
    this.window = new ReorderWindow(this, reorderSeconds * sampleRate);
    this.#clock = new StreamClock(sampleRate);
    this.#decoded = new Int16Array(longestSeconds * sampleRate + 1);
  }

  /** Payload type, codec id and kHz of the RTP clock for each format that holds from here on. */
  formats(formats: Uint8Array): void {
    this.#codecs.fill(0);
    for (let i = 0; i + 2 < formats.length; i += 3) {
      if ((formats[i + 2] as number) * 1000 === this.#rate)
        this.#codecs[(formats[i] as number) & 0x7f] = formats[i + 1] as number;
    }
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

  /** Nothing more comes: everything that waits is placed. */
  flush(): void {
    this.window.flush();
    this.#settle();
  }

  inOrder(packet: WindowPacket): void {
    const first = this.#ssrcIsFresh();
    this.#timestamp = first ? packet.timestamp : extendTimestamp(this.#timestamp, packet.timestamp);
    switch (packet.codec) {
      case codecId.pcmu:
      case codecId.pcma:
        this.#audio(this.#timestamp, packet.arrival, this.#decode(packet));
        return;
      case codecId.telephoneEvent:
        this.#event(this.#timestamp, packet);
        return;
      case codecId.comfortNoise:
        this.#comfort(this.#timestamp, packet.arrival);
        return;
      default:
        this.drops.unknownFormat += 1;
    }
  }

  /** G.711 has no memory, so a late packet still fits if its place is empty. */
  late(packet: WindowPacket): void {
    if (packet.codec !== codecId.pcmu && packet.codec !== codecId.pcma) return;
    if (!this.#anchored || this.#watched.length > 0) {
      this.drops.unplaced += 1;
      return;
    }
    const timestamp = extendTimestamp(this.#timestamp, packet.timestamp);
    this.timeLine.place(timestamp + this.#clock.offset, this.#decoded, this.#decode(packet));
  }

  /** False: a straggler of the stream before. */
  #changeStream(ssrc: number, arrival: number): boolean {
    if (ssrc === this.#formerSsrc && arrival - this.#changedAt < stragglerSeconds * this.#rate) return false;
    this.flush();
    this.#formerSsrc = this.#ssrc;
    this.#ssrc = ssrc;
    this.#changedAt = arrival;
    this.#anchored = false;
    this.#expected = -1;
    return true;
  }

  #ssrcIsFresh(): boolean {
    return !this.#anchored && this.#watched.length === 0;
  }

  #decode(packet: WindowPacket): number {
    const count = Math.min(packet.length, this.#decoded.length - 1);
    if (packet.codec === codecId.pcma) decodeALaw(packet.buffer, packet.offset, count, this.#decoded, 0);
    else decodeMuLaw(packet.buffer, packet.offset, count, this.#decoded, 0);
    return count;
  }

  #audio(timestamp: number, arrival: number, count: number): void {
    if (this.#watched.length > 0 || !this.#anchored || this.#isSuspect(timestamp, arrival, count)) {
      this.#watch(timestamp, arrival, count);
      return;
    }
    this.#placeDecoded(timestamp, arrival, count);
  }

  #placeDecoded(timestamp: number, arrival: number, count: number): void {
    const by = this.#clock.observe(timestamp, arrival);
    const slipped = slip(this.#decoded, count, by);
    this.timeLine.place(timestamp + this.#clock.offset, this.#decoded, slipped);
    this.#clock.offset += slipped - count;
    this.#expected = timestamp + count;
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

  #watch(timestamp: number, arrival: number, count: number): void {
    // Copied first: settling decodes nothing, but it uses the same buffer.
    const watched: Watched = { timestamp, arrival, samples: this.#decoded.slice(0, count) };
    const first = this.#watched[0];
    if (first !== undefined) {
      const spread = arrival - first.arrival - (timestamp - first.timestamp);
      if (Math.abs(spread) > this.timeLine.capacity / 2) this.#settle();
    }
    this.#watched.push(watched);
    const since = this.#watched[0]?.arrival ?? arrival;
    if (this.#watched.length >= settleLimit || arrival - since >= settleSeconds * this.#rate) this.#settle();
  }

  /** Decides where the watched packets lie: by the place known before if it still fits, else by arrival. */
  #settle(): void {
    const watched = this.#watched;
    const last = watched.at(-1);
    if (last === undefined) return;
    this.#watched = [];
    const offset = watched.reduce((least, p) => Math.min(least, p.arrival - p.timestamp), Infinity);
    const moved = Math.abs(offset - this.#clock.offset) > jumpSeconds * this.#rate;
    if (!this.#anchored || moved) this.#clock.anchor(offset, last.arrival);
    this.#anchored = true;
    for (const { timestamp, arrival, samples } of watched) {
      this.#decoded.set(samples);
      this.#placeDecoded(timestamp, arrival, samples.length);
    }
  }

  /** RFC 4733 §2.3: the timestamp is the event's beginning, octets 2 and 3 of the payload its duration so far. */
  #event(timestamp: number, packet: WindowPacket): void {
    if (packet.length < 4) {
      this.drops.unplaced += 1;
      return;
    }
    const high = packet.buffer[packet.offset + 2] as number;
    const duration = (high << 8) | (packet.buffer[packet.offset + 3] as number);
    const begin = this.#anchored ? timestamp + this.#clock.offset : Math.round(packet.arrival) - duration;
    // Its updates repeat what was said of it before: that is not late.
    const from = Math.max(begin, this.timeLine.taken);
    this.timeLine.placeSilence(from, Math.max(0, begin + duration - from));
  }

  #comfort(timestamp: number, arrival: number): void {
    const position = this.#anchored ? timestamp + this.#clock.offset : Math.round(arrival);
    this.timeLine.placeComfort(position);
  }
}
