import { randomInt } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { decodeG711, encodeG711, type Law } from './g711.ts';
import type { PlainSrtp } from './srtp.ts';

const ptimeMs = 20;
const samplesPerPacket = 160;
const sampleRate = 8000;

export interface ReceivedPacket {
  /** `performance.now()` at arrival. */
  readonly arrivedMs: number;
  readonly payloadType: number;
  readonly marker: boolean;
  readonly sequence: number;
  readonly timestamp: number;
  readonly ssrc: number;
  readonly payload: Uint8Array;
  readonly from: string;
}

export interface RemoteMedia {
  readonly address: string;
  readonly port: number;
  readonly law: Law;
  readonly payloadType: number;
}

interface PressedKey {
  readonly event: number;
  readonly timestamp: number;
  sent: number;
  readonly resolve: () => void;
}

const laws: Readonly<Record<number, Law>> = { 0: 'pcmu', 8: 'pcma' };

/**
 * An own RTP sender and receiver (RFC 3550) over `node:dgram`: 20 ms packets on an absolute clock, silence
 * where nothing is to be said, everything received kept with its arrival time.
 */
export class RtpEndpoint {
  /** The first packet's moment on `performance.now()`; packet n is due n * 20 ms later. */
  sendingSinceMs: number | null = null;
  packetsSent = 0;
  readonly received: ReceivedPacket[] = [];
  /** Packets whose tag did not hold. */
  forged = 0;
  /** SRTP of what is sent and received; null: in clear. */
  security: { readonly ours: PlainSrtp; readonly theirs: PlainSrtp } | null = null;
  readonly address: string;
  readonly port: number;

  readonly #rtp: Socket;
  readonly #rtcp: Socket;
  readonly #ssrc = randomInt(2 ** 32);
  readonly #firstSequence = randomInt(2 ** 16);
  readonly #firstTimestamp = randomInt(2 ** 32);
  /** What is sent, sample by sample since `sendingSinceMs`, before encoding. */
  readonly #said: Int16Array[] = [];
  #script: { readonly samples: Int16Array; position: number; readonly resolve: () => void } | null = null;
  #key: PressedKey | null = null;
  #remote: RemoteMedia | null = null;
  #timer: NodeJS.Timeout | null = null;
  #muted = false;

  private constructor(rtp: Socket, rtcp: Socket) {
    this.#rtp = rtp;
    this.#rtcp = rtcp;
    const { address, port } = rtp.address();
    this.address = address;
    this.port = port;
    rtp.on('message', (datagram, from) => {
      this.#receive(datagram, `${from.address}:${from.port}`);
    });
    for (const socket of [rtp, rtcp]) {
      // A peer that has already hung up answers with ICMP; that is no error of ours.
      socket.on('error', () => undefined);
    }
  }

  /** Binds an even port and the odd one above it (RFC 3550 §11). */
  static async open(address: string): Promise<RtpEndpoint> {
    for (let attempt = 0; attempt < 100; attempt++) {
      const rtp = await bound(address, 2 * randomInt(20_000, 29_000) + 2);
      if (rtp === null) continue;
      const rtcp = await bound(address, rtp.address().port + 1);
      if (rtcp !== null) return new RtpEndpoint(rtp, rtcp);
      rtp.close();
    }
    throw new Error(`found no free pair of UDP ports on ${address}`);
  }

  /** Sends to `remote` from now on; null: sends nothing (hold). */
  setRemote(remote: RemoteMedia | null): void {
    this.#remote = remote;
    if (remote !== null && this.#timer === null) {
      this.sendingSinceMs ??= performance.now();
      this.#tick();
    }
  }

  /** Says `samples` (8 kHz) from the next packet on; resolves when the last one is sent. */
  play(samples: Int16Array): Promise<void> {
    return new Promise((resolve) => {
      this.#script = { samples, position: 0, resolve };
    });
  }

  /** Presses a key for 120 ms by telephone events of payload type 101 (RFC 4733 §2.5); resolves with the last packet. */
  press(key: string): Promise<void> {
    return new Promise((resolve) => {
      const timestamp = this.#timestampOf(this.#said.length);
      this.#key = { event: '0123456789*#'.indexOf(key), timestamp, sent: 0, resolve };
    });
  }

  /** A receiver report (RFC 3550 §6.4.2) on the stream that came last: nothing of it was lost. */
  report(): void {
    const last = this.received.at(-1);
    if (last === undefined || this.#remote === null) return;
    const report = Buffer.alloc(32);
    report.writeUInt32BE(0x81_c9_00_07, 0);
    report.writeUInt32BE(this.#ssrc, 4);
    report.writeUInt32BE(last.ssrc, 8);
    report.writeUInt32BE(last.sequence, 16);
    this.#rtcp.send(report, this.#remote.port + 1, this.#remote.address);
  }

  /** Goes on saying a pure tone until `quiet`. */
  playTone(hertz: number, amplitude = 8000): void {
    const second = Int16Array.from({ length: sampleRate * 60 }, (_, n) =>
      Math.round(amplitude * Math.sin((2 * Math.PI * hertz * n) / sampleRate)),
    );
    void this.play(second);
  }

  quiet(): void {
    this.#script?.resolve();
    this.#script = null;
  }

  /** Stops sending without a word, as a peer behind silence suppression or a dead one does. */
  mute(muted: boolean): void {
    this.#muted = muted;
  }

  /** Everything sent so far as PCM, as the far side's decoder should give it back. */
  said(): Int16Array {
    return concat(this.#said);
  }

  /**
   * What was received as PCM, laid out by RTP timestamp; sample 0 belongs to `since` or else to the first
   * packet. A new SSRC is anchored by its first arrival.
   */
  heard(): Int16Array {
    const audio = this.received.filter(({ payloadType }) => laws[payloadType] !== undefined);
    const [first] = audio;
    if (first === undefined) return new Int16Array(0);
    const anchors = new Map<number, { readonly timestamp: number; readonly sample: number }>();
    const placed = audio.map((packet) => {
      let anchor = anchors.get(packet.ssrc);
      if (anchor === undefined) {
        const sample = Math.round(((packet.arrivedMs - first.arrivedMs) * sampleRate) / 1000);
        anchor = { timestamp: packet.timestamp, sample };
        anchors.set(packet.ssrc, anchor);
      }
      return { packet, at: anchor.sample + ((packet.timestamp - anchor.timestamp) | 0) };
    });
    const length = Math.max(...placed.map(({ packet, at }) => at + packet.payload.length));
    const pcm = new Int16Array(length);
    for (const { packet, at } of placed) {
      if (at >= 0) pcm.set(decodeG711(laws[packet.payloadType]!, packet.payload), at);
    }
    return pcm;
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.quiet();
    this.#remote = null;
    for (const socket of [this.#rtp, this.#rtcp]) {
      try {
        socket.close();
      } catch {
        // Closed before: closing twice is allowed.
      }
    }
  }

  #tick(): void {
    const since = this.sendingSinceMs ?? 0;
    let due = since + this.#said.length * ptimeMs;
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
    const index = this.#said.length;
    const block = this.#nextBlock();
    this.#said.push(block);
    const remote = this.#remote;
    if (remote === null || this.#muted) return;
    if (this.#key !== null) {
      this.#sendEvent(remote, this.#key);
      return;
    }
    const packet = Buffer.alloc(12 + samplesPerPacket);
    packet[0] = 0x80;
    packet[1] = remote.payloadType | (index === 0 ? 0x80 : 0);
    packet.writeUInt16BE((this.#firstSequence + this.packetsSent) % 2 ** 16, 2);
    packet.writeUInt32BE(this.#timestampOf(index), 4);
    packet.writeUInt32BE(this.#ssrc, 8);
    packet.set(encodeG711(remote.law, block), 12);
    this.packetsSent++;
    const sent = this.security === null ? packet : this.security.ours.protect(packet);
    this.#rtp.send(sent, remote.port, remote.address);
  }

  #timestampOf(index: number): number {
    return (this.#firstTimestamp + index * samplesPerPacket) % 2 ** 32;
  }

  /** Six packets in the place of audio: the marker on the first, the end bit on the last three. */
  #sendEvent(remote: RemoteMedia, key: PressedKey): void {
    const packet = Buffer.alloc(16);
    packet[0] = 0x80;
    packet[1] = 101 | (key.sent === 0 ? 0x80 : 0);
    packet.writeUInt16BE((this.#firstSequence + this.packetsSent) % 2 ** 16, 2);
    packet.writeUInt32BE(key.timestamp, 4);
    packet.writeUInt32BE(this.#ssrc, 8);
    packet[12] = key.event;
    packet[13] = (key.sent >= 3 ? 0x80 : 0) | 10;
    packet.writeUInt16BE(Math.min(key.sent + 1, 4) * samplesPerPacket, 14);
    key.sent += 1;
    this.packetsSent++;
    this.#rtp.send(packet, remote.port, remote.address);
    if (key.sent < 6) return;
    this.#key = null;
    key.resolve();
  }

  #nextBlock(): Int16Array {
    const block = new Int16Array(samplesPerPacket);
    const script = this.#script;
    if (script === null) return block;
    block.set(script.samples.subarray(script.position, script.position + samplesPerPacket));
    script.position += samplesPerPacket;
    if (script.position >= script.samples.length) {
      this.#script = null;
      script.resolve();
    }
    return block;
  }

  #receive(received: Buffer, from: string): void {
    if (received.length < 12 || received[0]! >> 6 !== 2) return;
    const datagram = this.security === null ? received : this.security.theirs.unprotect(received);
    if (datagram === null) {
      this.forged += 1;
      return;
    }
    const extension = (datagram[0]! & 0x10) !== 0;
    let start = 12 + 4 * (datagram[0]! & 15);
    if (extension) start += 4 + 4 * datagram.readUInt16BE(start + 2);
    this.received.push({
      arrivedMs: performance.now(),
      payloadType: datagram[1]! & 0x7f,
      marker: (datagram[1]! & 0x80) !== 0,
      sequence: datagram.readUInt16BE(2),
      timestamp: datagram.readUInt32BE(4),
      ssrc: datagram.readUInt32BE(8),
      payload: Uint8Array.from(datagram.subarray(start)),
      from,
    });
  }
}

async function bound(address: string, port: number): Promise<Socket | null> {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  socket.bind(port, address);
  try {
    await once(socket, 'listening');
    return socket;
  } catch {
    socket.close();
    return null;
  }
}

function concat(blocks: readonly Int16Array[]): Int16Array {
  const whole = new Int16Array(blocks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const block of blocks) {
    whole.set(block, at);
    at += block.length;
  }
  return whole;
}
