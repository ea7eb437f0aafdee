import { randomInt } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { encodeG711, type Law } from '../support/agent/g711.ts';
import { payloadTypeOf } from '../support/agent/session-description.ts';
import { tone } from '../support/sound.ts';

const ptimeMs = 20;
const samplesPerPacket = 160;

interface Place {
  readonly address: string;
  readonly port: number;
}

/** A party's sender that nobody stops when the call ends: same address, port, SSRC, numbers going on. */
export class Stray {
  sent = 0;
  /** Datagrams that somebody sent to it. */
  received = 0;
  readonly #socket: Socket;
  readonly #to: Place;
  readonly #law: Law;
  readonly #ssrc = randomInt(2 ** 32);
  readonly #firstSequence = randomInt(2 ** 16);
  readonly #firstTimestamp = randomInt(2 ** 32);
  readonly #since = performance.now();
  #blocks: Buffer[] = [];
  #timer: NodeJS.Timeout | null = null;

  private constructor(socket: Socket, to: Place, law: Law) {
    this.#socket = socket;
    this.#to = to;
    this.#law = law;
    socket.on('message', () => {
      this.received += 1;
    });
    // A closed port answers with ICMP.
    socket.on('error', () => undefined);
  }

  static async start(from: Place, to: Place, law: Law, hertz: number): Promise<Stray> {
    const socket = createSocket('udp4');
    socket.bind(from.port, from.address);
    await once(socket, 'listening');
    const stray = new Stray(socket, to, law);
    stray.say(hertz);
    stray.#tick();
    return stray;
  }

  /** From the next packet on. */
  say(hertz: number): void {
    const second = tone(hertz, 1);
    this.#blocks = Array.from({ length: second.length / samplesPerPacket }, (_, n) =>
      Buffer.from(encodeG711(this.#law, second.subarray(n * samplesPerPacket, (n + 1) * samplesPerPacket))),
    );
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#socket.close();
  }

  #tick(): void {
    let due = this.#since + this.sent * ptimeMs;
    while (due <= performance.now()) {
      this.#sendNext();
      due += ptimeMs;
    }
    this.#timer = setTimeout(
      () => {
        this.#tick();
      },
      Math.max(0, due - performance.now()),
    );
  }

  #sendNext(): void {
    const header = Buffer.alloc(12);
    header[0] = 0x80;
    header[1] = payloadTypeOf(this.#law);
    header.writeUInt16BE((this.#firstSequence + this.sent) % 2 ** 16, 2);
    header.writeUInt32BE((this.#firstTimestamp + this.sent * samplesPerPacket) % 2 ** 32, 4);
    header.writeUInt32BE(this.#ssrc, 8);
    const payload = this.#blocks[this.sent % this.#blocks.length]!;
    this.#socket.send(Buffer.concat([header, payload]), this.#to.port, this.#to.address);
    this.sent += 1;
  }
}
