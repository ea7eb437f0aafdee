import { MPEGDecoder } from 'mpg123-decoder';
import { describe, expect, it } from 'vitest';
import type { AudioShape, EncodedProgress } from '../../src/audio/audio-encoder.ts';
import { audioFileHead } from '../../src/audio/audio-file.ts';
import { mp3EncoderPool } from '../../src/audio/mp3-encoder.ts';
import { readMp3Frame } from '../../src/audio/mp3-frame.ts';

const sampleRate = 8000;

/** One tone a channel, 400 Hz and 1100 Hz. */
function tones(shape: AudioShape, count: number): Int16Array {
  return Int16Array.from({ length: count * shape.channels }, (_, i) => {
    const channel = i % shape.channels;
    const t = Math.floor(i / shape.channels) / sampleRate;
    return Math.round(9000 * Math.sin(2 * Math.PI * (channel === 0 ? 400 : 1100) * t));
  });
}

async function encode(
  shape: AudioShape,
  samples: Int16Array,
  portion: number,
): Promise<{ body: Buffer; progress: EncodedProgress; early: EncodedProgress[] }> {
  const pool = await mp3EncoderPool();
  const encoder = await pool.acquire(shape);
  const parts: Buffer[] = [];
  const early: EncodedProgress[] = [];
  for (let at = 0; at < samples.length; at += portion * shape.channels) {
    parts.push(Buffer.from(encoder.encode(samples.subarray(at, at + portion * shape.channels))));
    early.push(encoder.progress());
  }
  parts.push(Buffer.from(encoder.finish()));
  const progress = encoder.progress();
  encoder.release();
  return { body: Buffer.concat(parts), progress, early };
}

/** Strength of a frequency in a channel (Goertzel), after the first second. */
function strength(samples: Float32Array, hertz: number): number {
  const w = (2 * Math.PI * hertz) / sampleRate;
  let re = 0;
  let im = 0;
  for (let i = 4000; i < samples.length; i++) {
    re += samples[i]! * Math.cos(w * i);
    im += samples[i]! * Math.sin(w * i);
  }
  return Math.hypot(re, im);
}

describe('an MP3 file', () => {
  it.each([
    { channels: 1 as const, bitrate: 24, frameBytes: 216, count: 16_123 },
    { channels: 2 as const, bitrate: 48, frameBytes: 432, count: 16_123 },
    { channels: 2 as const, bitrate: 48, frameBytes: 432, count: 1 },
  ])('$channels channels, $count samples: whole frames after a tag with the exact length', async (row) => {
    const shape = { channels: row.channels, sampleRate };
    const { body, progress } = await encode(shape, tones(shape, row.count), 2400);
    expect(progress).toMatchObject({ samples: row.count, decodable: row.count, bytes: body.length });
    const head = Buffer.from(audioFileHead('mp3', shape, progress));
    const file = Buffer.concat([head, body]);
    let frames = 0;
    for (let at = 0; at < file.length; frames++) {
      const frame = readMp3Frame(file, at)!;
      expect(frame).toMatchObject({ version: 2.5, channels: row.channels, sampleRate, samples: 576 });
      if (at > 0) expect(frame).toMatchObject({ bitrateKbps: row.bitrate, bytes: row.frameBytes });
      at += frame.bytes;
    }
    const tag = 4 + (row.channels === 1 ? 9 : 17);
    expect(head.toString('latin1', tag, tag + 4)).toBe('Info');
    expect(head.readUInt32BE(tag + 8)).toBe(frames - 1);
    expect(head.readUInt32BE(tag + 12)).toBe(file.length);
    const lame = tag + 120;
    expect(head.toString('latin1', lame, lame + 4)).toBe('LAME');
    const delay = head.readUInt16BE(lame + 21) >> 4;
    const padding = head.readUInt16BE(lame + 22) & 0x0fff;
    expect((frames - 1) * 576 - delay - padding).toBe(row.count);
  });

  it('decodes to the exact length, each tone on its own channel', async () => {
    const shape = { channels: 2 as const, sampleRate };
    const { body, progress } = await encode(shape, tones(shape, 24_321), 2400);
    const decoder = new MPEGDecoder({ enableGapless: true });
    await decoder.ready;
    const { channelData, sampleRate: rate } = decoder.decode(
      Buffer.concat([audioFileHead('mp3', shape, progress), body]),
    );
    decoder.free();
    const [left, right] = channelData as [Float32Array, Float32Array];
    expect(rate).toBe(sampleRate);
    expect(left.length).toBe(24_321);
    expect(right.length).toBe(24_321);
    expect(strength(left, 400)).toBeGreaterThan(100 * strength(left, 1100));
    expect(strength(right, 1100)).toBeGreaterThan(100 * strength(right, 400));
  });

  it('cut after any portion, its progress says how much can be decoded', async () => {
    const shape = { channels: 1 as const, sampleRate };
    const { body, early } = await encode(shape, tones(shape, 24_000), 800);
    const decoder = new MPEGDecoder({ enableGapless: true });
    await decoder.ready;
    for (const progress of early.filter((_, i) => i % 6 === 5)) {
      expect(progress.samples - progress.decodable).toBeLessThan(0.4 * sampleRate);
      await decoder.reset();
      const cut = body.subarray(0, progress.bytes);
      const decoded = decoder.decode(Buffer.concat([audioFileHead('mp3', shape, progress), cut]));
      expect(decoded.samplesDecoded).toBe(progress.decodable);
    }
    decoder.free();
  });

  it('an encoder that served before starts afresh', async () => {
    const pool = await mp3EncoderPool();
    const shape = { channels: 1 as const, sampleRate };
    const once = async (): Promise<string> => {
      const encoder = await pool.acquire(shape);
      const first = Buffer.from(encoder.encode(tones(shape, 8000)));
      const body = Buffer.concat([first, Buffer.from(encoder.finish())]);
      encoder.release();
      return body.toString('hex');
    };
    expect(await once()).toBe(await once());
  });
});
