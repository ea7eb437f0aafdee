import { type Application, createEncoder, type OpusEncoderHandle } from 'libopus-wasm';
import OpusScript from 'opusscript';
import { beforeAll, describe, expect, it } from 'vitest';
import { OpusDecoders } from '../../src/audio/opus-decoder.ts';
import { opusPacketTicks, opusRedundantTicks } from '../../src/audio/opus-packet.ts';
import type { RecordingRate } from '../../src/audio/recording-rate.ts';
import type { SpeechDecoder } from '../../src/audio/speech-decoder.ts';
import { readFileSync } from 'node:fs';
import { readWav } from '../support/wav-file.ts';
import { resample } from '../../src/audio/resample.ts';
import { seededRandom } from '../support/random.ts';

const speech = resample(readWav(readFileSync('fixtures/voices/caller.wav')).channels[0]!, 8000, 48_000);
const voip = 2048 as Application;
const decoders = new OpusDecoders();

beforeAll(async () => {
  for (const rate of [8000, 16_000, 48_000] as const) await decoders.ready(rate);
});

async function decoderAt(rate: RecordingRate): Promise<SpeechDecoder> {
  await decoders.ready(rate);
  return decoders.acquire(rate)!;
}

/** Packets of `ms` from `fromMs` of the speech on. */
function packets(encoder: OpusEncoderHandle, ms: number, count: number, fromMs = 500): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => {
    const from = 48 * (fromMs + i * ms);
    return encoder.encode(speech.slice(from, from + 48 * ms), { frameSize: 48 * ms });
  });
}

function decodeAll(decoder: SpeechDecoder, stream: readonly Uint8Array[]): Int16Array {
  const target = new Int16Array(6000);
  return Int16Array.from(
    stream.flatMap((packet) =>
      Array.from(target.subarray(0, decoder.decode(packet, 0, packet.length, target))),
    ),
  );
}

describe('an Opus packet’s duration (RFC 6716 §3.1, table 2)', () => {
  it.each([
    ['SILK, one frame of 10 ms', [0 << 3], 10],
    ['SILK, one frame of 60 ms', [3 << 3], 60],
    ['hybrid, one frame of 10 ms', [12 << 3], 10],
    ['hybrid, one frame of 20 ms', [15 << 3], 20],
    ['CELT, one frame of 2.5 ms', [16 << 3], 2.5],
    ['CELT, one frame of 20 ms', [31 << 3], 20],
    ['code 1: two frames', [(1 << 3) | 1], 40],
    ['code 3: as many as the second octet says', [(16 << 3) | 3, 5], 12.5],
    ['§3.2.5: 120 ms are the most', [(3 << 3) | 3, 2], 120],
    ['more than 120 ms are no packet', [(3 << 3) | 3, 3], 0],
    ['code 3 without its count', [(16 << 3) | 3], 0],
    ['code 3 of no frames', [(16 << 3) | 3, 0], 0],
    ['nothing', [], 0],
  ])('%s', (_, bytes, ms) => {
    expect(opusPacketTicks(Uint8Array.from(bytes), 0, bytes.length)).toBe(48 * ms);
  });
});

describe('the Opus decoder', () => {
  it.each([8000, 16_000, 48_000] as const)(
    'gives what opusscript gives, sample for sample, at %i Hz',
    async (rate) => {
      const encoder = await createEncoder({
        channels: 1,
        sampleRate: 48_000,
        application: voip,
        bitrate: 24_000,
      });
      const stream = packets(encoder, 20, 100);
      encoder.free();
      const oracle = new OpusScript(rate, 1, OpusScript.Application.VOIP);
      const expected = stream.flatMap((packet) => {
        const bytes = oracle.decode(Buffer.from(packet));
        return Array.from({ length: bytes.length / 2 }, (_, i) => bytes.readInt16LE(2 * i));
      });
      oracle.delete();
      const decoder = await decoderAt(rate);
      expect(Array.from(decodeAll(decoder, stream))).toEqual(expected);
      decoder.release();
    },
  );

  it.each([2.5, 5, 10, 20, 40, 60])('takes packets of %f ms', async (ms) => {
    const encoder = await createEncoder({ channels: 1, sampleRate: 48_000 });
    const stream = packets(encoder, ms, 20);
    encoder.free();
    const decoder = await decoderAt(16_000);
    for (const packet of stream) expect(decoder.samplesIn(packet, 0, packet.length)).toBe(16 * ms);
    expect(decodeAll(decoder, stream).length).toBe(20 * 16 * ms);
    decoder.release();
  });

  it('follows a stream through modes, bandwidths and channels', async () => {
    const kinds = [
      { bitrate: 8000, maxBandwidth: 1101, channels: 1 },
      { bitrate: 24_000, maxBandwidth: 1103, channels: 1 },
      { bitrate: 64_000, maxBandwidth: 1105, channels: 1 },
    ] as const;
    const decoder = await decoderAt(48_000);
    for (const kind of kinds) {
      const encoder = await createEncoder({ sampleRate: 48_000, application: voip, ...kind });
      expect(decodeAll(decoder, packets(encoder, 20, 10)).length).toBe(10 * 960);
      encoder.free();
    }
    const stereo = await createEncoder({ sampleRate: 48_000, channels: 2, bitrate: 64_000 });
    const both = new Int16Array(1920).map((_, i) => 9000 * Math.sin(i / 30));
    const samples = decodeAll(decoder, [stereo.encode(both), stereo.encode(both)]);
    stereo.free();
    expect(samples.length).toBe(1920);
    decoder.release();
  });

  it('recovers the packet before a gap’s end from its copy, better than by guessing', async () => {
    const encoder = await createEncoder({
      channels: 1,
      sampleRate: 48_000,
      application: voip,
      bitrate: 24_000,
      fec: true,
      packetLossPercent: 20,
    });
    const stream = packets(encoder, 20, 100);
    encoder.free();
    const whole = await decoderAt(16_000);
    const expected = decodeAll(whole, stream);
    whole.release();
    const errors = { recovered: 0, concealed: 0 };
    for (const kind of ['recovered', 'concealed'] as const) {
      const decoder = await decoderAt(16_000);
      const target = new Int16Array(2000);
      stream.forEach((packet, i) => {
        if (i % 10 === 5) return;
        if (i % 10 === 6) {
          const count =
            kind === 'recovered' && decoder.redundantIn(packet, 0, packet.length) === 320
              ? decoder.recover(packet, 0, packet.length, 320, target)
              : decoder.conceal(320, target);
          expect(count).toBe(320);
          for (let k = 0; k < 320; k++) errors[kind] += (target[k]! - expected[320 * (i - 1) + k]!) ** 2;
        }
        decoder.decode(packet, 0, packet.length, target);
      });
      decoder.release();
    }
    expect(errors.recovered).toBeLessThan(errors.concealed / 2);
  });

  it('a packet without redundancy says so', async () => {
    const encoder = await createEncoder({ channels: 1, sampleRate: 48_000, application: voip, fec: false });
    for (const packet of packets(encoder, 20, 20))
      expect(opusRedundantTicks(packet, 0, packet.length)).toBe(0);
    encoder.free();
  });

  it.each([
    { asked: 320, given: 320 },
    { asked: 350, given: 320 },
    { asked: 39, given: 0 },
    { asked: 4000, given: 1920 },
  ])('makes up whole 2.5 ms, at most 120 ms: $given of $asked', async ({ asked, given }) => {
    const decoder = await decoderAt(16_000);
    expect(decoder.conceal(asked, new Int16Array(4000))).toBe(given);
    decoder.release();
  });

  it('garbage costs the packet, and nothing else', async () => {
    const random = seededRandom(6716);
    const decoder = await decoderAt(8000);
    const target = new Int16Array(4000);
    for (let i = 0; i < 3000; i++) {
      const packet = Uint8Array.from({ length: Math.floor(random() * 200) }, () =>
        Math.floor(random() * 256),
      );
      const said = decoder.samplesIn(packet, 0, packet.length);
      if (said === 0) continue;
      const count = decoder.decode(packet, 0, packet.length, target);
      expect(count === -1 || count === said).toBe(true);
    }
    const encoder = await createEncoder({ channels: 1, sampleRate: 48_000, application: voip });
    expect(decodeAll(decoder, packets(encoder, 20, 5)).length).toBe(800);
    encoder.free();
    decoder.release();
  });

  it('a new stream begins as if there had been none before', async () => {
    const encoder = await createEncoder({ channels: 1, sampleRate: 48_000, application: voip });
    const [before, stream] = [packets(encoder, 20, 30), packets(encoder, 20, 30, 1500)];
    encoder.free();
    const fresh = await decoderAt(48_000);
    const expected = decodeAll(fresh, stream);
    const used = await decoderAt(48_000);
    decodeAll(used, before);
    used.reset();
    expect(decodeAll(used, stream)).toEqual(expected);
    fresh.release();
    used.release();
  });
});

describe('decoders of Opus', () => {
  it('serve more streams at once than are kept ready', async () => {
    const many: SpeechDecoder[] = [];
    for (let i = 0; i < 100; i++) many.push(await decoderAt(8000));
    expect(new Set(many).size).toBe(100);
    for (const decoder of many) decoder.release();
  });

  it('say so when none is at hand', () => {
    const taken = Array.from({ length: 6 }, () => decoders.acquire(8000));
    expect(taken.filter((decoder) => decoder === null).length).toBeGreaterThan(0);
    for (const decoder of taken) decoder?.release();
  });
});
