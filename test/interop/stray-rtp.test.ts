import { createSocket, type Socket } from 'node:dgram';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeG711 } from '../support/agent/g711.ts';
import { freeUdpRange } from '../support/free-ports.ts';
import { announcedElsewhere } from '../support/node-config.ts';
import { Scene } from '../support/scene.ts';
import { amplitudeAt, tone } from '../support/sound.ts';
import { readWav } from '../support/wav-file.ts';

const strayHertz = 1900;
const ownHertz = [620, 1130] as const;

/** Somebody who goes on sending after their call: RTP with one tone to each of a few ports, every 20 ms. */
class StraySender {
  readonly #socket: Socket;
  readonly #timer: NodeJS.Timeout;
  #count = 0;

  constructor(ports: readonly number[], payloads = encodeG711('pcma', tone(strayHertz, 1))) {
    this.#socket = createSocket('udp4');
    this.#timer = setInterval(() => {
      const packet = Buffer.alloc(172);
      packet[0] = 0x80;
      packet[1] = 8;
      packet.writeUInt16BE(this.#count % 65_536, 2);
      packet.writeUInt32BE((this.#count * 160) % 2 ** 32, 4);
      packet.writeUInt32BE(0x0bad_cafe, 8);
      packet.set(payloads.subarray((160 * this.#count) % 8000, ((160 * this.#count) % 8000) + 160), 12);
      this.#count += 1;
      for (const port of ports) this.#socket.send(packet, port, '127.0.0.1');
    }, 20);
    this.#socket.on('error', () => undefined);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#socket.close();
  }
}

describe('RTP of an old call that goes on into reused ports', () => {
  let scene: Scene;
  let ports: number[];
  beforeAll(async () => {
    // Two pairs and no more, so that the second call gets the ports of the first.
    const first = await freeUdpRange(4);
    ports = [first, first + 2];
    scene = await Scene.start({ rule: announcedElsewhere, mediaPorts: [first, first + 3] });
  });
  afterAll(() => scene.stop());

  async function call(): Promise<{
    left: Int16Array;
    right: Int16Array;
    heard: Int16Array[];
    ports: number[];
  }> {
    const [calling, called] = await scene.placeCall();
    calling.rtp.playTone(ownHertz[0]);
    called.rtp.playTone(ownHertz[1]);
    await new Promise((resolve) => setTimeout(resolve, 2500));
    await calling.hangUp();
    await called.ended;
    const recording = await scene.recording('sealed');
    const { channels } = readWav(await scene.node.api.audio(recording.id));
    return {
      left: channels[0]!,
      right: channels[1]!,
      heard: [calling.rtp.heard(), called.rtp.heard()],
      ports: [calling, called].map(({ media }) => media.remote?.port ?? 0),
    };
  }

  it('enters neither the recording nor the ears of the next call', async () => {
    const first = await call();
    const stray = new StraySender(ports);
    try {
      // Freed ports rest for ten seconds first.
      await new Promise((resolve) => setTimeout(resolve, 10_500));
      const second = await call();
      expect(second.ports.toSorted()).toEqual(first.ports.toSorted());
      expect(amplitudeAt(second.left, ownHertz[0])).toBeGreaterThan(5000);
      expect(amplitudeAt(second.right, ownHertz[1])).toBeGreaterThan(5000);
      for (const sound of [second.left, second.right, ...second.heard]) {
        expect(amplitudeAt(sound, strayHertz)).toBeLessThan(40);
      }
    } finally {
      stray.stop();
    }
  });
});
