import { codecId } from '../../src/audio/codec-id.ts';
import { encodeALaw } from '../../src/audio/g711.ts';
import { G722Encoder } from '../../src/audio/g722-encoder.ts';
import { mp3EncoderPool } from '../../src/audio/mp3-encoder.ts';
import { encodeOpusFrames, packOpusFrames } from '../../src/audio/opus-frames.ts';
import { PitchConcealment } from '../../src/audio/pitch-concealment.ts';
import type { RecordingRate } from '../../src/audio/recording-rate.ts';
import { resample } from '../../src/audio/resample.ts';
import { SpeechDecoders } from '../../src/audio/speech-decoders.ts';
import { Upsampler } from '../../src/audio/upsampler.ts';
import { wavEncoder } from '../../src/audio/wav-encoder.ts';
import { Pipeline } from '../../src/recording/pipeline.ts';
import type { BenchCase } from '../measure.ts';

/** A second of something like a voice: a pitch that glides, and its overtones. */
const second = Int16Array.from({ length: 8000 }, (_, n) => {
  const phase = (2 * Math.PI * (110 + n / 400) * n) / 8000;
  return 6000 * Math.sin(phase) + 3000 * Math.sin(3 * phase) + 1500 * Math.sin(7 * phase);
});
const wide = resample(second, 8000, 16_000);
const packetCount = 50;
const decoders = new SpeechDecoders();
for (const rate of [8000, 16_000, 48_000] as const) await decoders.ready(rate);
const mp3 = await (await mp3EncoderPool()).acquire({ channels: 1, sampleRate: 8000 });

function g722Packets(): Uint8Array[] {
  const octets = new Uint8Array(8000);
  new G722Encoder().encode(wide, 0, octets.length, octets, 0);
  return Array.from({ length: packetCount }, (_, i) => octets.subarray(160 * i, 160 * (i + 1)));
}

function opusPackets(): Uint8Array[] {
  const frames = encodeOpusFrames(wide);
  return Array.from({ length: packetCount }, (_, i) => {
    const packet = new Uint8Array(1500);
    return packet.subarray(0, packOpusFrames(frames.slice(2 * i, 2 * i + 2), packet, 0));
  });
}

function decoding(codec: number, rate: RecordingRate, packets: readonly Uint8Array[]): () => void {
  const decoder = decoders.acquire(codec, rate);
  if (decoder === null) throw new Error('no decoder is at hand');
  const target = new Int16Array(12_000);
  let i = 0;
  return () => {
    const packet = packets[i++ % packetCount] as Uint8Array;
    if (decoder.decode(packet, 0, packet.length, target) <= 0) throw new Error('the packet was not decoded');
  };
}

/** Two legs of A-law in order, decoded, laid out and mixed to samples of a stereo WAV, a second at a time. */
function recording(): () => void {
  const samples = wavEncoder({ channels: 2, sampleRate: 8000 }, 'pcm16');
  const sink = {
    append: () => undefined,
    encoded: () => undefined,
    raw: () => undefined,
    end: () => undefined,
  };
  const shape = { channels: 2, sampleRate: 8000 } as const;
  const pipeline = new Pipeline(shape, { samples, live: null }, sink, decoders);
  for (const leg of pipeline.legs) leg.formats(Uint8Array.of(8, codecId.pcma, 8));
  const packet = new Uint8Array(172);
  const view = new DataView(packet.buffer);
  packet[0] = 0x80;
  packet[1] = 8;
  encodeALaw(second, 0, 160, packet, 12);
  let i = 0;
  return () => {
    for (const end = i + packetCount; i < end; i++) {
      view.setUint16(2, i & 0xffff);
      view.setUint32(4, (160 * i) >>> 0);
      pipeline.receive(0, packet, 160 * i);
      pipeline.receive(1, packet, 160 * i);
    }
    pipeline.advance(160 * i);
  };
}

export const codecCases: readonly BenchCase[] = [
  {
    name: 'g722-decode',
    unit: '20 ms, for a recording at 16 kHz',
    setUp: () => decoding(codecId.g722, 16_000, g722Packets()),
  },
  {
    name: 'g722-decode-low',
    unit: '20 ms, for a recording at 8 kHz',
    setUp: () => decoding(codecId.g722, 8000, g722Packets()),
  },
  ...([8000, 16_000, 48_000] as const).map(
    (rate): BenchCase => ({
      name: `opus-decode-${rate / 1000}`,
      unit: `20 ms, for a recording at ${rate / 1000} kHz`,
      setUp: () => decoding(codecId.opus, rate, opusPackets()),
    }),
  ),
  {
    name: 'conceal',
    unit: '20 ms of speech remembered, 20 ms made up',
    setUp: () => {
      const concealment = new PitchConcealment(8000);
      const made = new Int16Array(160);
      let at = 0;
      return () => {
        concealment.heard(second.subarray(at, at + 160), 160);
        concealment.conceal(160, made);
        at = (at + 160) % 7840;
      };
    },
  },
  ...([2, 6] as const).map(
    (factor): BenchCase => ({
      name: `upsample-${8 * factor}`,
      unit: `20 ms from 8 to ${8 * factor} kHz`,
      setUp: () => {
        const upsampler = new Upsampler(factor);
        const target = new Int16Array(160 * factor);
        return () => {
          upsampler.push(second, 160, target);
        };
      },
    }),
  ),
  { name: 'record-wav', unit: 'a second of two A-law legs, from packets to samples', setUp: recording },
  {
    name: 'mp3-encode',
    unit: 'a second of 8 kHz mono, in portions of 250 ms',
    setUp: () => () => {
      for (let at = 0; at < 8000; at += 2000) mp3.encode(second.subarray(at, at + 2000));
    },
  },
];
