import { DelayHistogram } from './delay-histogram.ts';
import {
  addressBytes,
  calls,
  Memory,
  openSocket,
  packetBytes,
  readMicroseconds,
  setOption,
  wallMicroseconds,
  Watch,
  writeAddress,
} from './native.ts';

const ptimeMs = 20;
/** Behind the ports that whoever relays gives to calls: a node sends nothing to a port that is one of its own. */
const firstPort = 46_000;
const samples = 160;
/** `asm-generic/socket.h`: the system stamps what comes. */
const timestampOption = 35;

/** Where each of these stands in a packet, behind the RTP header. */
const stamp = { sentAt: 12, party: 20 } as const;

/** Within the memory that packets are received in. */
const part = { header: 0, vector: 64, control: 128, packet: 256 } as const;

export interface RtpParty {
  readonly number: number;
  readonly port: number;
  /** Whom it hears: the number of the call's other party. */
  readonly other: number;
}

interface Talker extends RtpParty {
  readonly fd: number;
  readonly packet: Memory;
  readonly target: Memory;
  sequence: number;
  /** When its next packet is due, ms of `performance.now()`; Infinity: it does not talk. */
  due: number;
}

/** What was sent and heard between two instants. */
export interface Heard {
  sent: number;
  due: number;
  received: number;
  foreign: number;
  readonly delays: DelayHistogram;
  readonly lateness: DelayHistogram;
}

/** All parties of all calls: each sends 172 bytes each 20 ms, at its own moment, and checks what it hears. */
export class RtpParties {
  readonly #talkers: Talker[] = [];
  readonly #watch = new Watch();
  readonly #memory = new Memory(4096);
  /** By when they are due, from `#next` on and round: all have the same period. */
  readonly #order: Talker[] = [];
  #next = 0;
  #heard: Heard | null = null;
  /** Packets sent before or after do not count, microseconds of the wall clock. */
  #from = Infinity;
  #until = Infinity;

  constructor() {
    const { at } = this.#memory;
    this.#memory.pointer(part.header + 16, at + part.vector);
    this.#memory.pointer(part.header + 24, 1);
    this.#memory.pointer(part.header + 32, at + part.control);
    this.#memory.pointer(part.vector, at + part.packet);
    this.#memory.pointer(part.vector + 8, 2048);
  }

  open(other: (number: number) => number): RtpParty {
    const number = this.#talkers.length;
    const { fd, port } = openSocket(firstPort + number);
    setOption(fd, timestampOption, 1);
    const packet = new Memory(packetBytes);
    packet.bytes.fill(0x55);
    packet.bytes.set([0x80, 8]);
    packet.view.setUint32(8, 0x1000_0000 + number * 7919);
    packet.view.setUint32(stamp.party, number);
    const target = new Memory(addressBytes);
    const talker = {
      ...{ number, port, other: other(number), fd, packet, target },
      ...{ sequence: number & 0xfff, due: Infinity },
    };
    this.#talkers.push(talker);
    this.#watch.add(fd, number);
    return talker;
  }

  /** From now on the party sends there. */
  talk({ number }: RtpParty, port: number): void {
    const talker = this.#talkers[number];
    if (talker === undefined || talker.due !== Infinity) return;
    writeAddress(talker.target, 0, port);
    // The golden ratio spreads any number of parties evenly over a packet time.
    talker.due = performance.now() + ((number * 0.618_033_988_749) % 1) * ptimeMs;
    this.#order.push(talker);
    this.#order.sort((a, b) => a.due - b.due);
    this.#next = 0;
  }

  /** Sends what is due. Returns how long until more is, ms. */
  send(now: number): number {
    const count = this.#order.length;
    for (let i = 0; i < count; i++) {
      const talker = this.#order[this.#next];
      if (talker === undefined || talker.due > now) break;
      this.#sendOne(talker, now);
      this.#next = (this.#next + 1) % count;
    }
    const next = this.#order[this.#next];
    return next === undefined ? ptimeMs : Math.max(0, next.due - now);
  }

  receive(): void {
    for (let ready = this.#watch.wait(0); ready > 0; ready = this.#watch.wait(0)) {
      for (let i = 0; i < ready; i++) this.#receiveOne(this.#watch.numberOf(i));
    }
  }

  /** What is sent from now on counts, until `stop`. */
  start(): void {
    this.#from = wallMicroseconds();
    this.#until = Infinity;
    this.#heard = {
      ...{ sent: 0, due: 0, received: 0, foreign: 0 },
      ...{ delays: new DelayHistogram(), lateness: new DelayHistogram() },
    };
  }

  /** Nobody talks any more; what is still on its way counts when it comes. */
  stop(): Heard {
    const heard = this.#heard;
    if (heard === null) throw new Error('nothing was started');
    this.#until = wallMicroseconds();
    heard.due = Math.round(((this.#until - this.#from) / 1000 / ptimeMs) * this.#order.length);
    for (const talker of this.#order) talker.due = Infinity;
    return heard;
  }

  #sendOne(talker: Talker, now: number): void {
    const { view, at } = talker.packet;
    talker.sequence = (talker.sequence + 1) & 0xffff;
    view.setUint16(2, talker.sequence);
    view.setUint32(4, (talker.sequence * samples) >>> 0);
    view.setFloat64(stamp.sentAt, wallMicroseconds());
    calls.send(talker.fd, at, packetBytes, 0, talker.target.at, addressBytes);
    if (this.#heard !== null && this.#until === Infinity) {
      this.#heard.sent += 1;
      this.#heard.lateness.add(now - talker.due);
    }
    talker.due += ptimeMs;
  }

  #receiveOne(number: number): void {
    const talker = this.#talkers[number];
    const memory = this.#memory;
    if (talker === undefined) return;
    memory.view.setUint32(part.header + 40, 64, true);
    const length = calls.receive(talker.fd, memory.at, 0);
    const heard = this.#heard;
    if (length !== packetBytes || heard === null) {
      if (length >= 0 && heard !== null) heard.foreign += 1;
      return;
    }
    const sentAt = memory.view.getFloat64(part.packet + stamp.sentAt);
    if (memory.view.getUint32(part.packet + stamp.party) !== talker.other) heard.foreign += 1;
    else if (sentAt >= this.#from && sentAt <= this.#until) {
      heard.received += 1;
      // One control message: 16 bytes of header, then the time.
      heard.delays.add((readMicroseconds(memory, part.control + 16) - sentAt) / 1000);
    }
  }
}
