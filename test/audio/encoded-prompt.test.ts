import { readFileSync } from 'node:fs';
import { createDecoder, getPacketInfo } from 'libopus-wasm';
import { describe, expect, it } from 'vitest';
import { type EncodedPrompt, encodePrompt } from '../../src/audio/encoded-prompt.ts';
import { packOpusFrames } from '../../src/audio/opus-frames.ts';
import { type PromptSound, readPrompt } from '../../src/audio/prompt.ts';
import { resample } from '../../src/audio/resample.ts';
import { align, signalToNoise, tone } from '../support/sound.ts';

const english = (): PromptSound => {
  const sound = readPrompt('fixtures/prompts/quality-en.wav', (file) => readFileSync(file));
  if (!sound.ok) throw new Error(sound.error);
  return sound.value;
};
const prompt = encodePrompt(english());

/** What libopus, another build of it than the encoder's, makes of packets of so many frames, at 16000 Hz. */
async function decoded({ opus, frames }: EncodedPrompt, together: number): Promise<Int16Array> {
  const decoder = await createDecoder({ sampleRate: 16_000, channels: 1 });
  const samples: number[] = [];
  for (let first = 0; first < frames; first += together) {
    const packet = new Uint8Array(1500);
    const length = packOpusFrames(opus.slice(first, first + together), packet, 100);
    samples.push(...decoder.decode(packet.subarray(100, 100 + length), { frameSize: 160 * together }));
  }
  decoder.free();
  return Int16Array.from(samples);
}

describe('a prompt in Opus', () => {
  it('is what was recorded, at about 24 kbit/s', async () => {
    const wide = resample(english().samples, 8000, 16_000);
    const heard = await decoded(prompt, 1);
    const { lag, correlation } = align(heard, wide, 0, 400);
    expect(correlation).toBeGreaterThan(0.97);
    expect(signalToNoise(wide.subarray(0, 60_000), heard.subarray(lag, lag + 60_000))).toBeGreaterThan(12);
    const bytes = prompt.opus.reduce((sum, { length }) => sum + length, 0);
    expect((bytes * 8) / (prompt.opus.length / 100)).toBeLessThan(30_000);
  });

  it.each([2, 3, 4, 5, 6])('sounds the same in packets of %i0 ms, sample for sample', async (together) => {
    const one = await decoded(prompt, 1);
    const many = await decoded(prompt, together);
    expect(many.subarray(0, one.length)).toEqual(one);
  });

  it('RFC 6716 §3.1: all frames have one configuration, mono, and code 0', () => {
    const [first] = prompt.opus.map((packet) => packet[0]!);
    expect(new Set(prompt.opus.map((packet) => packet[0]))).toEqual(new Set([first]));
    // Configuration 8: SILK, wideband, 10 ms.
    expect(first).toBe(8 << 3);
  });

  it('RFC 6716 §3.2.1: lengths of 252 and more take two bytes', async () => {
    const frames = [251, 252, 255, 256, 1000].map((length, n) => {
      const packet = new Uint8Array(1 + length).fill(n);
      packet[0] = 8 << 3;
      return packet;
    });
    const packet = new Uint8Array(2500);
    const length = packOpusFrames(frames, packet, 0);
    expect(length).toBe(2 + 1 + 2 + 2 + 2 + 251 + 252 + 255 + 256 + 1000);
    expect([...packet.subarray(2, 9)]).toEqual([251, 252, 0, 255, 0, 252, 1]);
    await expect(getPacketInfo(packet.subarray(0, length))).resolves.toMatchObject({ frames: 5 });
  });
});

describe.each([8000, 16_000, 48_000])('a prompt of %i Hz', (sampleRate) => {
  const samples = tone(440, 1.234, sampleRate);
  const sound = { samples, sampleRate, sha256: '', durationMs: 1234 };
  const encoded = encodePrompt(sound);

  it('has whole frames in every codec, and silence behind them for the longest packet', () => {
    expect(encoded.frames).toBe(124);
    expect([encoded.pcmu, encoded.pcma, encoded.g722].map(({ length }) => length)).toEqual(
      Array(3).fill(130 * 80),
    );
    expect(encoded.opus).toHaveLength(130);
    // A-law's smallest step, and mu-law's zero.
    expect(encoded.pcma.subarray(124 * 80).every((octet) => octet === 0xd5)).toBe(true);
    expect(encoded.pcmu.subarray(124 * 80).every((octet) => octet === 0xff)).toBe(true);
  });
});
