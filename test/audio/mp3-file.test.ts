import { MPEGDecoder } from 'mpg123-decoder';
import { describe, expect, it } from 'vitest';
import type { AudioShape, EncodedProgress } from '../../src/audio/audio-encoder.ts';
import { audioFileEnds } from '../../src/audio/audio-file.ts';
import type { AudioTags } from '../../src/audio/audio-tags.ts';
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

const tags: AudioTags = {
  recordingId: 'r-1',
  callId: 'c-1',
  startedAt: '2026-11-23T10:20:30.500Z',
  parties: null,
};

/** ID3v2.4 §4: id, four bytes of seven bits, two of flags, then the encoding and the text. */
function id3Frames(file: Buffer): [string, string][] {
  const safe = (at: number): number => [0, 1, 2, 3].reduce((sum, i) => sum * 128 + file[at + i]!, 0);
  const frames: [string, string][] = [];
  for (let at = 10; at < 10 + safe(6); at += 10 + safe(at + 4))
    frames.push([
      file.toString('latin1', at, at + 4),
      file.toString('utf8', at + 11, at + 10 + safe(at + 4)),
    ]);
  return frames;
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
    const head = Buffer.from(audioFileEnds('mp3', shape, progress, null).head);
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
      Buffer.concat([audioFileEnds('mp3', shape, progress, null).head, body]),
    );
    decoder.free();
    const [left, right] = channelData as [Float32Array, Float32Array];
    expect(rate).toBe(sampleRate);
    expect(left.length).toBe(24_321);
    expect(right.length).toBe(24_321);
    expect(strength(left, 400)).toBeGreaterThan(100 * strength(left, 1100));
    expect(strength(right, 1100)).toBeGreaterThan(100 * strength(right, 400));
  });

  it.each([
    { channels: 1 as const, rate: 8000, kbps: 24 },
    { channels: 2 as const, rate: 8000, kbps: 48 },
    { channels: 1 as const, rate: 16_000, kbps: 32 },
    { channels: 2 as const, rate: 16_000, kbps: 64 },
    { channels: 1 as const, rate: 48_000, kbps: 64 },
    { channels: 2 as const, rate: 48_000, kbps: 128 },
  ])('$channels channels at $rate Hz, behind an ID3 tag: $kbps kbit/s and the exact length', async (row) => {
    const shape = { channels: row.channels, sampleRate: row.rate };
    const count = 2 * row.rate + 77;
    const { body, progress } = await encode(shape, tones(shape, count), row.rate / 4);
    const { head, tail } = audioFileEnds('mp3', shape, progress, tags);
    const file = Buffer.concat([head, body, tail]);
    const id3Bytes = 10 + file.readUInt8(9) + 128 * file.readUInt8(8);
    const info = readMp3Frame(file, id3Bytes)!;
    expect(readMp3Frame(file, id3Bytes + info.bytes)).toMatchObject({
      ...{ sampleRate: row.rate, channels: row.channels, bitrateKbps: row.kbps },
    });
    const decoder = new MPEGDecoder({ enableGapless: true });
    await decoder.ready;
    const decoded = decoder.decode(file);
    decoder.free();
    expect([decoded.samplesDecoded, decoded.sampleRate]).toEqual([count, row.rate]);
  });

  it('says in ID3v2.4 what it is, in UTF-8, and nothing a party wrote beyond its text', async () => {
    const shape = { channels: 1 as const, sampleRate };
    const { progress } = await encode(shape, tones(shape, 8000), 2000);
    const parties = { caller: 'Zoë\r\nTIT2', callee: 'b' };
    const head = Buffer.from(audioFileEnds('mp3', shape, progress, { ...tags, parties }).head);
    expect(id3Frames(head)).toEqual([
      ['TIT2', 'Call of 2026-11-23 10:20:30 UTC'],
      ['TDRC', '2026-11-23T10:20:30'],
      ['COMM', 'eng\0recording r-1, call c-1, from Zoë TIT2 to b'],
      ['TSSE', 'Onrecord'],
      ['TXXX', 'recording id\0r-1'],
      ['TXXX', 'call id\0c-1'],
    ]);
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
      const decoded = decoder.decode(Buffer.concat([audioFileEnds('mp3', shape, progress, null).head, cut]));
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
