import { readFileSync } from 'node:fs';
import { MPEGDecoder } from 'mpg123-decoder';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { codecId } from '../../src/audio/codec-id.ts';
import { G722Encoder } from '../../src/audio/g722-encoder.ts';
import { encodeOpusFrames, packOpusFrames } from '../../src/audio/opus-frames.ts';
import { resample } from '../../src/audio/resample.ts';
import type { MonotonicMs } from '../../src/kernel/clock.ts';
import { tapKind } from '../../src/kernel/tap-ring.ts';
import { align } from '../support/sound.ts';
import { readWav } from '../support/wav-file.ts';
import { type Rig, startRig } from './harness.ts';
import { rtp } from './rtp.ts';

const seconds = 2;
const voice = readWav(readFileSync('fixtures/voices/callee.wav')).channels[0]!.slice(
  4000,
  4000 + 8000 * seconds,
);
const wide = resample(voice, 8000, 16_000);

function g722Payloads(): Uint8Array[] {
  const octets = new Uint8Array(voice.length);
  new G722Encoder().encode(wide, 0, octets.length, octets, 0);
  return Array.from({ length: 50 * seconds }, (_, i) => octets.subarray(160 * i, 160 * (i + 1)));
}

function opusPayloads(): Uint8Array[] {
  const frames = encodeOpusFrames(wide);
  return Array.from({ length: 50 * seconds }, (_, i) => {
    const packet = new Uint8Array(1500);
    return packet.subarray(0, packOpusFrames(frames.slice(2 * i, 2 * i + 2), packet, 0));
  });
}

const codecs = {
  'G.722': { id: codecId.g722, khz: 8, rate: 16_000, payloads: g722Payloads },
  Opus: { id: codecId.opus, khz: 48, rate: 48_000, payloads: opusPayloads },
} as const;

let rig: Rig;

beforeEach(async () => {
  rig = await startRig();
});

afterEach(async () => {
  await rig.stop();
});

async function decodedMp3(bytes: Buffer): Promise<{ sampleRate: number; channels: Int16Array[] }> {
  const decoder = new MPEGDecoder({ enableGapless: true });
  await decoder.ready;
  const { channelData, sampleRate } = decoder.decode(bytes);
  decoder.free();
  return { sampleRate, channels: channelData.map((data) => Int16Array.from(data, (s) => 32_767 * s)) };
}

const rows = (['G.722', 'Opus'] as const).flatMap((codec) =>
  (['wav', 'mp3'] as const).flatMap((format) =>
    (['stereo', 'mono'] as const).map((channels) => ({ codec, format, channels })),
  ),
);

it.each(rows)('$codec as $format, $channels: its own rate, its length, and the voice', async (row) => {
  const { id, khz, rate, payloads } = codecs[row.codec];
  const spec = rig.spec('wide', { format: row.format, channels: row.channels, sampleRate: rate });
  rig.worker.receive({ type: 'prepare', recording: 1, spec });
  await rig.event('prepared');
  const start = rig.time.now + 10;
  rig.time.to(start);
  rig.tap.mark(tapKind.begin, 1, 0, start as MonotonicMs);
  for (const channel of [0, 1] as const)
    rig.tap.mark(tapKind.formats, 1, channel, start as MonotonicMs, 0, Uint8Array.of(96, id, khz));
  for (const [i, payload] of payloads().entries()) {
    const at = start + 20 * i;
    rig.time.to(at);
    const packet = rtp({ sequence: i, timestamp: 20 * khz * i, payloadType: 96, payload });
    rig.tap.packet(1, 0, at as MonotonicMs, packet, packet.length);
  }
  rig.time.to(start + 1000 * seconds);
  rig.tap.mark(tapKind.end, 1, 0, (start + 1000 * seconds) as MonotonicMs);
  rig.time.to(start + 1000 * seconds + 100);
  const { result } = await rig.event('sealed');
  expect(result).toMatchObject({ sampleRate: rate, durationMs: 1000 * seconds });
  expect(result.ledger[0]).toMatchObject({ receivedMs: 1000 * seconds, lostMs: 0, concealedMs: 0 });
  const bytes = await rig.open(result.objectKey);
  const { sampleRate, channels } = row.format === 'wav' ? readWav(bytes) : await decodedMp3(bytes);
  expect(sampleRate).toBe(rate);
  expect(channels[0]!.length).toBe(rate * seconds);
  const part = resample(voice, 8000, rate).subarray(0.5 * rate, rate);
  expect(align(channels[0]!.subarray(0.4 * rate, 1.2 * rate), part).correlation).toBeGreaterThan(0.85);
});
