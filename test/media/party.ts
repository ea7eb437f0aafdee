import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

/** An RTP packet as a party reads it, by the RFC's drawing and nothing of ours. */
export interface Heard {
  readonly marker: boolean;
  readonly payloadType: number;
  readonly sequence: number;
  readonly timestamp: number;
  readonly ssrc: number;
  readonly payload: Buffer;
  readonly fromPort: number;
  /** All of it. */
  readonly packet: Buffer;
}

export function rtpPacket(fields: {
  readonly sequence: number;
  readonly timestamp?: number;
  readonly ssrc?: number;
  readonly payloadType?: number;
  readonly marker?: boolean;
  readonly payload?: Buffer | undefined;
}): Buffer {
  const { sequence, timestamp = sequence * 160, ssrc = 0x1111, payloadType = 0, marker = false } = fields;
  const payload = fields.payload ?? Buffer.alloc(160, sequence & 0xff);
  const packet = Buffer.alloc(12);
  packet[0] = 0x80;
  packet[1] = (marker ? 0x80 : 0) | payloadType;
  packet.writeUInt16BE(sequence & 0xffff, 2);
  packet.writeUInt32BE(timestamp >>> 0, 4);
  packet.writeUInt32BE(ssrc, 8);
  return Buffer.concat([packet, payload]);
}

function readHeard(packet: Buffer, fromPort: number): Heard {
  return {
    marker: (packet[1]! & 0x80) !== 0,
    payloadType: packet[1]! & 0x7f,
    sequence: packet.readUInt16BE(2),
    timestamp: packet.readUInt32BE(4),
    ssrc: packet.readUInt32BE(8),
    payload: packet.subarray(12),
    fromPort,
    packet,
  };
}

/** A socket that speaks and keeps what it hears. */
export class Party {
  readonly heard: Heard[] = [];
  readonly port: number;
  readonly address: string;
  readonly #socket: Socket;
  #wake: (() => void) | null = null;

  private constructor(socket: Socket) {
    this.#socket = socket;
    ({ port: this.port, address: this.address } = socket.address());
    socket.on('message', (packet, { port }) => {
      this.heard.push(readHeard(packet, port));
      this.#wake?.();
    });
  }

  static async at(address = '127.0.0.1'): Promise<Party> {
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
    socket.bind(0, address);
    await once(socket, 'listening');
    return new Party(socket);
  }

  /** Resolved when the system has it. */
  send(packet: Uint8Array, port: number, address = this.address): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.send(packet, port, address, (error) => {
        if (error === null) resolve();
        else reject(error);
      });
    });
  }

  /** Waits until so many packets have come in all. */
  async hears(count: number): Promise<readonly Heard[]> {
    while (this.heard.length < count) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.heard;
  }

  close(): void {
    this.#socket.close();
  }
}
