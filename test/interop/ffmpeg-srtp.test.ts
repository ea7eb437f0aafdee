import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { decodeALaw, encodeALaw } from '../../src/audio/g711.ts';
import { writeRtpHeader } from '../../src/rtp/rtp-header.ts';
import { LegCrypto } from '../../src/rtp/srtp/leg-crypto.ts';
import { printCrypto } from '../../src/sdp/crypto-attribute.ts';
import { freeUdpRange } from '../support/free-ports.ts';
import { removeDirectory, temporaryDirectory } from '../support/node.ts';
import { amplitudeAt } from '../support/sound.ts';
import { missingTools } from './debian-tools.ts';

const missing = missingTools('ffmpeg');
const address = '127.0.0.1';
const hertz = 440;
const master = {
  key: Uint8Array.from({ length: 16 }, (_, i) => 3 * i + 1),
  salt: Uint8Array.from({ length: 14 }, (_, i) => 5 * i + 2),
};
const inline = Buffer.concat([master.key, master.salt]).toString('base64');
const packets = 100;

let socket: Socket;
let directory: string;
let ffmpeg: ChildProcess | null = null;

describe.skipIf(missing !== null)('SRTP of ffmpeg', () => {
  beforeEach(() => {
    socket = createSocket('udp4');
    directory = temporaryDirectory();
  });
  afterEach(() => {
    ffmpeg?.kill('SIGKILL');
    socket.close();
    removeDirectory(directory);
  });

  it.each(['AES_CM_128_HMAC_SHA1_80', 'AES_CM_128_HMAC_SHA1_32'] as const)(
    '%s: what it protects is a tone here',
    async (suite) => {
      socket.bind(0, address);
      await once(socket, 'listening');
      const crypto = new LegCrypto({ suite, ours: master, theirs: master });
      const sound: Int16Array[] = [];
      const done = new Promise<void>((resolve) => {
        socket.on('message', (packet) => {
          if (packet[1]! >= 192 && packet[1]! <= 223) return;
          const length = crypto.unprotectRtp(packet, packet.length);
          expect(length).toBeGreaterThan(12);
          const samples = new Int16Array(length - 12);
          decodeALaw(packet, 12, samples.length, samples, 0);
          sound.push(samples);
          if (sound.length === packets) resolve();
        });
      });
      ffmpeg = spawn('ffmpeg', [
        ...['-v', 'error', '-re', '-f', 'lavfi', '-i', `sine=frequency=${hertz}:sample_rate=8000`],
        ...['-ac', '1', '-c:a', 'pcm_alaw', '-f', 'rtp'],
        ...['-srtp_out_suite', suite, '-srtp_out_params', inline],
        `srtp://${address}:${socket.address().port}?pkt_size=200`,
      ]);
      await done;
      const heard = Int16Array.from(sound.flatMap((samples) => [...samples]));
      expect(amplitudeAt(heard, hertz)).toBeGreaterThan(3000);
      expect(amplitudeAt(heard, 1700)).toBeLessThan(100);
    },
    60_000,
  );

  it('what we protect is a tone there, over the wrap of the sequence number', async () => {
    const port = await freeUdpRange(2);
    const suite = 'AES_CM_128_HMAC_SHA1_80';
    const { value } = printCrypto({ tag: 1, suite, key: master });
    const description = ['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', `c=IN IP4 ${address}`, 't=0 0'];
    const media = [`m=audio ${port} RTP/SAVP 8`, `a=${value}`, ''];
    writeFileSync(join(directory, 'call.sdp'), [...description, ...media].join('\r\n'));
    ffmpeg = spawn('ffmpeg', [
      ...['-v', 'error', '-protocol_whitelist', 'file,udp,rtp,srtp', '-i', join(directory, 'call.sdp')],
      ...['-f', 's16le', '-ar', '8000', '-ac', '1', 'pipe:1'],
    ]);
    const chunks: Buffer[] = [];
    ffmpeg.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk));
    const crypto = new LegCrypto({ suite, ours: master, theirs: master });
    for (let n = 0; chunks.reduce((sum, { length }) => sum + length, 0) < 2 * 8000; n++) {
      const packet = toneAt(n);
      const length = crypto.protectRtp(packet, 172);
      socket.send(packet, 0, length, port, address);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    const bytes = Buffer.concat(chunks);
    const heard = Int16Array.from({ length: bytes.length >> 1 }, (_, i) => bytes.readInt16LE(2 * i));
    expect(amplitudeAt(heard.subarray(800), hertz)).toBeGreaterThan(3000);
    expect(amplitudeAt(heard.subarray(800), 1700)).toBeLessThan(100);
  }, 60_000);
});

/** 20 ms of the tone, with room for the tag. */
function toneAt(n: number): Uint8Array {
  const packet = new Uint8Array(172 + 16);
  const samples = Int16Array.from({ length: 160 }, (_, i) =>
    Math.round(8000 * Math.sin((2 * Math.PI * hertz * (160 * n + i)) / 8000)),
  );
  encodeALaw(samples, 0, 160, packet, 12);
  writeRtpHeader(packet, n === 0, 8, (65_500 + n) & 0xffff, 160 * n, 7);
  return packet;
}
