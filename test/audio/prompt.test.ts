import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readPrompt } from '../../src/audio/prompt.ts';

/** A WAV file laid out by hand: what is under test reads it through another writer's eyes. */
function wav(options: {
  readonly data: Buffer;
  readonly tag?: number;
  readonly channels?: number;
  readonly rate?: number;
  readonly bits?: number;
  readonly says?: number;
  readonly before?: Buffer;
}): Buffer {
  const { data, tag = 1, channels = 1, rate = 8000, bits = 16, says = data.length, before } = options;
  const format = Buffer.alloc(24);
  format.write('fmt ', 0, 'latin1');
  format.writeUInt32LE(16, 4);
  format.writeUInt16LE(tag, 8);
  format.writeUInt16LE(channels, 10);
  format.writeUInt32LE(rate, 12);
  format.writeUInt32LE((rate * channels * bits) / 8, 16);
  format.writeUInt16LE((channels * bits) / 8, 20);
  format.writeUInt16LE(bits, 22);
  const head = Buffer.alloc(8);
  head.write('data', 0, 'latin1');
  head.writeUInt32LE(says, 4);
  const body = Buffer.concat([before ?? Buffer.alloc(0), format, head, data]);
  const riff = Buffer.alloc(12);
  riff.write('RIFF', 0, 'latin1');
  riff.writeUInt32LE(body.length + 4, 4);
  riff.write('WAVE', 8, 'latin1');
  return Buffer.concat([riff, body]);
}

const tone = (seconds: number, rate = 8000): Int16Array =>
  Int16Array.from({ length: seconds * rate }, (_, i) =>
    Math.round(8000 * Math.sin((2 * Math.PI * 440 * i) / rate)),
  );
const pcm = (samples: Int16Array): Buffer => Buffer.from(samples.buffer);
const read = (bytes: Uint8Array) => readPrompt('quality.wav', () => bytes);
const second = pcm(tone(1));

describe('readPrompt takes', () => {
  it('16 bit mono at 8000 Hz as it is, and says its hash', () => {
    const result = read(wav({ data: second }));
    expect(result).toEqual({
      ok: true,
      value: {
        samples: tone(1),
        sampleRate: 8000,
        sha256: createHash('sha256').update(second).digest('hex'),
        durationMs: 1000,
      },
    });
  });

  it('a chunk before the format, of odd length and padded', () => {
    const before = Buffer.from('LIST\x03\x00\x00\x00abc\x00', 'latin1');
    expect(read(wav({ data: second, before }))).toMatchObject({ ok: true, value: { samples: tone(1) } });
  });

  it.each([
    { name: '16 kHz', bytes: wav({ data: pcm(tone(1, 16_000)), rate: 16_000 }), sampleRate: 16_000 },
    { name: '48 kHz', bytes: wav({ data: pcm(tone(1, 48_000)), rate: 48_000 }), sampleRate: 48_000 },
    { name: '44.1 kHz', bytes: wav({ data: pcm(tone(1, 44_100)), rate: 44_100 }), sampleRate: 44_100 },
    { name: 'A-law', bytes: wav({ data: Buffer.alloc(8000, 0xd5), tag: 6, bits: 8 }), sampleRate: 8000 },
    { name: 'mu-law', bytes: wav({ data: Buffer.alloc(8000, 0xff), tag: 7, bits: 8 }), sampleRate: 8000 },
    { name: '8 bit', bytes: wav({ data: Buffer.alloc(8000, 128), bits: 8 }), sampleRate: 8000 },
    { name: '24 bit', bytes: wav({ data: Buffer.alloc(24_000), bits: 24 }), sampleRate: 8000 },
  ])('$name, brought to 16 bit at its own rate', ({ bytes, sampleRate }) => {
    expect(read(bytes)).toMatchObject({ ok: true, value: { sampleRate, durationMs: 1000 } });
  });

  it.each(['de', 'en', 'fr', 'lb'])('our own prompt quality-%s.wav', (language) => {
    const result = readPrompt(`fixtures/prompts/quality-${language}.wav`, (file) => readFileSync(file));
    expect(result.ok && result.value.durationMs > 2000).toBe(true);
  });
});

describe('readPrompt says which file, what is wrong and what to do', () => {
  it.each([
    { name: 'empty file', bytes: Buffer.alloc(0), says: /is not a WAV file; save it as WAV/ },
    {
      name: 'an MP3',
      bytes: Buffer.from('ID3\x04aaaaaaaaaaaaaaaaaaaa'),
      says: /is not a WAV file; save it as WAV/,
    },
    {
      name: 'cut off in the audio',
      bytes: wav({ data: second }).subarray(0, 5000),
      says: /is cut off: its "data" part says 16000 bytes and 4956 are there; copy/,
    },
    {
      name: 'cut off before the audio',
      bytes: wav({ data: second }).subarray(0, 36),
      says: /has no audio part; save/,
    },
    {
      name: 'piped, without lengths',
      bytes: wav({ data: second, says: 0xffffffff }),
      says: /has no lengths in its header \(was it piped\?\); save/,
    },
    {
      name: 'stereo',
      bytes: wav({ data: second, channels: 2 }),
      says: /has 2 channels and a prompt has one; mix it down to mono/,
    },
    { name: 'no samples', bytes: wav({ data: Buffer.alloc(0) }), says: /holds no audio; record it again/ },
    {
      name: 'MP3 inside WAV',
      bytes: wav({ data: second, tag: 0x55 }),
      says: /holds audio of format 85, which is not PCM; save/,
    },
    {
      name: '60.1 s',
      bytes: wav({ data: Buffer.alloc(16_000 * 60 + 1600) }),
      says: /lasts 61 s and a prompt may last 60 s; shorten it/,
    },
    {
      name: '4000 Hz',
      bytes: wav({ data: second, rate: 4000 }),
      says: /is sampled at 4000 Hz, outside 8000-192000 Hz; save/,
    },
  ])('$name', ({ bytes, says }) => {
    const result = read(bytes);
    expect(result.ok).toBe(false);
    expect(result.ok ? '' : result.error).toMatch(/^prompt quality\.wav /);
    expect(result.ok ? '' : result.error).toMatch(says);
  });

  it.each([
    {
      name: 'missing',
      file: 'fixtures/prompts/none.wav',
      says: 'prompt fixtures/prompts/none.wav does not exist; put the file there or correct the name',
    },
    {
      name: 'a directory',
      file: 'fixtures/prompts',
      says: 'prompt fixtures/prompts is a directory; name the WAV file in it',
    },
  ])('$name', ({ file, says }) => {
    expect(readPrompt(file, (name) => readFileSync(name))).toEqual({ ok: false, error: says });
  });

  it('takes 60 s exactly', () => {
    expect(read(wav({ data: Buffer.alloc(16_000 * 60) })).ok).toBe(true);
  });

  it('never throws, whatever byte of a header is wrong', () => {
    const good = wav({ data: second.subarray(0, 320) });
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(43), fc.nat(255)), { minLength: 1, maxLength: 4 }), (changes) => {
        const bytes = Buffer.from(good);
        for (const [at, value] of changes) bytes[at] = value;
        expect(typeof read(bytes).ok).toBe('boolean');
      }),
      { numRuns: 2000 },
    );
  });
});
