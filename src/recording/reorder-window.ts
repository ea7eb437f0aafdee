import { extendSequence, maxDropout, maxMisorder, sequenceAdd } from '../rtp/sequence.ts';

/** Packets that may be held at once; a power of two. 100 ms of 10 ms packets, three times over. */
const slots = 32;
/** A payload that may be held: an Ethernet frame's worth. */
const longestPayload = 1500;
/** What a slot first has room for: 20 ms of G.711, most of all that comes. */
const firstSlotBytes = 256;
/** How far back duplicates are told from late packets; a power of two above `maxMisorder`. */
const memory = 128;

/** A packet as the window releases it, and as it takes it. One object is reused; *lent* until return. */
export interface WindowPacket {
  sequence: number;
  timestamp: number;
  /** Position of its arrival on the recording's time line, in samples. */
  arrival: number;
  codec: number;
  /** Of the RTP clock. */
  clockKhz: number;
  buffer: Uint8Array;
  offset: number;
  length: number;
}

export interface WindowSink {
  /** The next packet in order. */
  inOrder(packet: WindowPacket): void;
  /** It came after its turn was given up. */
  late(packet: WindowPacket): void;
}

/**
 * Puts one stream's packets back in order. What comes in its turn passes at once; what comes early waits
 * for those before it, at most `patience`. Nothing is allocated until a packet has to wait.
 */
export class ReorderWindow {
  duplicates = 0;
  overflow = 0;
  readonly #sink: WindowSink;
  /** In samples, like every arrival. */
  readonly #patience: number;
  readonly #seen = new Int32Array(memory).fill(-1);
  readonly #held = new Int32Array(slots).fill(-1);
  readonly #arrivals = new Float64Array(slots);
  readonly #timestamps = new Float64Array(slots);
  readonly #codecs = new Uint8Array(slots);
  readonly #clocks = new Uint8Array(slots);
  readonly #lengths = new Uint16Array(slots);
  readonly #out: WindowPacket;
  /** What is held, a slot each, from the first packet on that has to wait. */
  #slab = new Uint8Array(0);
  #heldCount = 0;
  /** Extended sequence number whose turn it is; -1 before the first packet. */
  #next = -1;
  /** A packet from far behind, in case its successor shows that the sender started anew. */
  #suspect = -1;
  #waitingSince = 0;

  constructor(sink: WindowSink, patience: number) {
    this.#sink = sink;
    this.#patience = patience;
    this.#out = {
      sequence: 0,
      timestamp: 0,
      arrival: 0,
      codec: 0,
      clockKhz: 0,
      buffer: this.#slab,
      offset: 0,
      length: 0,
    };
  }

  /** *Borrows* the packet until return. */
  push(packet: WindowPacket): void {
    if (this.#next < 0) {
      this.#restart(packet);
      return;
    }
    const extended = extendSequence(this.#next, packet.sequence);
    const ahead = extended - this.#next;
    if (ahead === 0) this.#deliver(packet);
    else if (ahead > maxDropout) this.#restart(packet);
    else if (ahead > 0) this.#hold(packet, extended);
    else if (ahead < -maxMisorder) this.#farBehind(packet);
    else if (this.#seen[extended & (memory - 1)] === extended) this.duplicates += 1;
    else {
      this.#seen[extended & (memory - 1)] = extended;
      this.#sink.late(packet);
    }
  }

  /** Gives up turns that were waited for long enough. `now` is a position like an arrival. */
  advance(now: number): void {
    while (this.#heldCount > 0 && now - this.#waitingSince >= this.#patience) this.#skipGap();
  }

  /** Releases everything, and forgets the stream. */
  flush(): void {
    while (this.#heldCount > 0) this.#skipGap();
    this.#next = -1;
  }

  #restart(packet: WindowPacket): void {
    this.flush();
    this.#seen.fill(-1);
    // Far above zero, so that neither early strays nor wraps make an extended number negative.
    this.#next = 0x10000 + packet.sequence;
    this.#suspect = -1;
    this.#deliver(packet);
  }

  /** RFC 3550 §A.1: two packets in a row from far away are a restarted sender; one is a stray, and late. */
  #farBehind(packet: WindowPacket): void {
    if (packet.sequence === this.#suspect) {
      this.#restart(packet);
      return;
    }
    this.#suspect = sequenceAdd(packet.sequence, 1);
    this.#sink.late(packet);
  }

  #deliver(packet: WindowPacket): void {
    this.#pass(packet);
    this.#releaseRun();
  }

  #pass(packet: WindowPacket): void {
    this.#seen[this.#next & (memory - 1)] = this.#next;
    this.#next += 1;
    this.#sink.inOrder(packet);
  }

  #hold(packet: WindowPacket, extended: number): void {
    while (extended - this.#next >= slots && this.#heldCount > 0) this.#skipGap();
    if (extended - this.#next >= slots) {
      // Nothing is held and the gap is longer than the window: it is loss, not reordering.
      this.#next = extended;
      this.#deliver(packet);
      return;
    }
    if (extended === this.#next) {
      this.#deliver(packet);
      return;
    }
    const index = extended & (slots - 1);
    if (this.#held[index] === extended) {
      this.duplicates += 1;
      return;
    }
    if (packet.length > longestPayload) {
      this.overflow += 1;
      return;
    }
    this.#keep(packet, extended, index);
  }

  #keep(packet: WindowPacket, extended: number, index: number): void {
    if (packet.length * slots > this.#slab.length) this.#widen(packet.length);
    if (this.#heldCount === 0) this.#waitingSince = packet.arrival;
    this.#heldCount += 1;
    this.#held[index] = extended;
    this.#arrivals[index] = packet.arrival;
    this.#timestamps[index] = packet.timestamp;
    this.#codecs[index] = packet.codec;
    this.#clocks[index] = packet.clockKhz;
    this.#lengths[index] = packet.length;
    const to = index * this.#slotBytes;
    for (let i = 0; i < packet.length; i++) this.#slab[to + i] = packet.buffer[packet.offset + i] as number;
  }

  get #slotBytes(): number {
    return this.#slab.length / slots;
  }

  /** Makes slots that have room for a payload. */
  #widen(length: number): void {
    const before = this.#slab;
    const from = this.#slotBytes;
    this.#slab = new Uint8Array(slots * (length > firstSlotBytes ? longestPayload : firstSlotBytes));
    for (let i = 0; i < slots; i++)
      this.#slab.set(before.subarray(i * from, (i + 1) * from), i * this.#slotBytes);
  }

  /** Moves on to the first packet that is there. */
  #skipGap(): void {
    while (this.#held[this.#next & (slots - 1)] !== this.#next) this.#next += 1;
    this.#releaseRun();
  }

  #releaseRun(): void {
    if (this.#heldCount === 0) return;
    for (;;) {
      const index = this.#next & (slots - 1);
      if (this.#held[index] !== this.#next) break;
      this.#held[index] = -1;
      this.#heldCount -= 1;
      this.#pass(this.#packetAt(index));
    }
    if (this.#heldCount > 0) this.#waitingSince = this.#firstArrival();
  }

  #packetAt(index: number): WindowPacket {
    const out = this.#out;
    out.sequence = this.#next & 0xffff;
    out.timestamp = this.#timestamps[index] as number;
    out.arrival = this.#arrivals[index] as number;
    out.codec = this.#codecs[index] as number;
    out.clockKhz = this.#clocks[index] as number;
    out.buffer = this.#slab;
    out.offset = index * this.#slotBytes;
    out.length = this.#lengths[index] as number;
    return out;
  }

  /** The arrival of the held packet whose turn comes first. */
  #firstArrival(): number {
    for (let extended = this.#next; extended < this.#next + slots; extended++) {
      const index = extended & (slots - 1);
      if (this.#held[index] === extended) return this.#arrivals[index] as number;
    }
    return 0;
  }
}
