import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packetDecoder } from '../../../src/api/undecoded/decode-recording.ts';
import { runFfmpeg } from '../../../src/api/undecoded/ffmpeg.ts';
import { codecId } from '../../../src/audio/codec-id.ts';
import type { MonotonicMs } from '../../../src/kernel/clock.ts';
import { tapKind } from '../../../src/kernel/tap-ring.ts';
import { rawKey } from '../../../src/storage/recording-vault.ts';
import { openAudio } from '../../api/api-fixture.ts';
import { type Rig, startRig } from '../../recording/harness.ts';
import { rtp } from '../../recording/rtp.ts';
import { align } from '../../support/sound.ts';
import { readWav } from '../../support/wav-file.ts';
import { missingTools } from '../debian-tools.ts';

const missing = missingTools('ffmpeg');
const voice = readWav('fixtures/voices/caller.wav').channels[0]!.subarray(0, 16_000);

const ffmpeg = (args: readonly string[], input: Uint8Array): Buffer =>
  execFileSync('ffmpeg', ['-loglevel', 'error', ...args, 'pipe:1'], { input, maxBuffer: 2 ** 26 });
const asPcm = ['-f', 's16le', '-ar', '8000', '-ac', '1', '-i', 'pipe:0'];
const pcm = Buffer.from(voice.buffer, voice.byteOffset, voice.byteLength);

describe.skipIf(missing !== null)('a call in a codec that only ffmpeg decodes', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await startRig();
  });
  afterAll(() => rig.stop());

  it.each([
    // Made by another implementation: `vectors/make-g729.py` says how.
    {
      encoding: 'G729',
      bytes: 20,
      encoded: () => readFileSync('test/interop/recording/vectors/caller.g729'),
      alike: 0.75,
      input: ['-f', 'g729'],
    },
    {
      encoding: 'GSM',
      bytes: 33,
      encoded: () => ffmpeg([...asPcm, '-c:a', 'libgsm', '-f', 'gsm'], pcm),
      alike: 0.9,
      input: ['-f', 'gsm'],
    },
    {
      encoding: 'G726-32',
      bytes: 80,
      encoded: () => ffmpeg([...asPcm, '-c:a', 'g726le', '-b:a', '32k', '-f', 'g726le'], pcm),
      alike: 0.97,
      input: ['-f', 'g726le', '-code_size', '4'],
    },
  ])(
    '$encoding is heard afterwards as ffmpeg decodes it, to the sample, in its place',
    async ({ encoding, bytes, encoded, alike, input }) => {
      const frames = encoded();
      const id = `raw-${encoding}`;
      const recording = frames.length;
      rig.worker.receive({ type: 'prepare', recording, spec: rig.spec(id) });
      await rig.event('prepared');
      const start = rig.time.now + 10;
      rig.time.to(start);
      const sdp = Buffer.from(`m=audio 5004 RTP/AVP 96\r\na=rtpmap:96 ${encoding}/8000\r\n`);
      rig.tap.mark(
        tapKind.formats,
        recording,
        1,
        start as MonotonicMs,
        0,
        Uint8Array.of(96, codecId.undecoded, 8),
      );
      rig.tap.mark(tapKind.describe, recording, 1, start as MonotonicMs, 0, sdp);
      rig.tap.mark(tapKind.begin, recording, 0, start as MonotonicMs);
      const packets = Math.floor(frames.length / bytes);
      for (let i = 0; i < packets; i++) {
        const at = start + 100 + 20 * i;
        rig.time.to(at);
        const payload = frames.subarray(i * bytes, (i + 1) * bytes);
        const packet = rtp({ sequence: i, timestamp: 160 * i, payloadType: 96, payload });
        rig.tap.packet(recording, 1, at as MonotonicMs, packet, packet.length);
      }
      rig.time.to(start + 2500);
      rig.tap.mark(tapKind.end, recording, 0, (start + 2500) as MonotonicMs);
      rig.time.to(start + 2600);
      const { result } = await rig.event('sealed');
      const kept = openAudio(await rig.open(result.objectKey));
      const form = await packetDecoder(runFfmpeg).decode(
        kept,
        openAudio(await rig.open(rawKey(result.objectKey))),
      );
      if (!form.ok) throw new Error(form.error);
      const parts: Uint8Array[] = [];
      for await (const part of form.value.read(0, form.value.size)) parts.push(part);
      const [left, right] = readWav(Buffer.concat(parts)).channels as [Int16Array, Int16Array];
      expect(left.every((sample) => sample === 0)).toBe(true);
      const whole = ffmpeg([...input, '-i', 'pipe:0', '-f', 's16le', '-ar', '8000', '-ac', '1'], frames);
      const expected = Int16Array.from({ length: packets * 160 }, (_, i) => whole.readInt16LE(2 * i));
      expect(right.subarray(800, 800 + expected.length)).toEqual(expected);
      expect(align(right, voice.subarray(2000, 14_000)).correlation).toBeGreaterThan(alike);
    },
  );
});
