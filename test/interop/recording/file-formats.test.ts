import { execFileSync } from 'node:child_process';
import { mkdtempSync, openSync, closeSync, ftruncateSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AudioEncoder, AudioShape } from '../../../src/audio/audio-encoder.ts';
import { audioFileEnds } from '../../../src/audio/audio-file.ts';
import { type AudioFormat, wavCodingOf } from '../../../src/audio/audio-format.ts';
import type { AudioTags } from '../../../src/audio/audio-tags.ts';
import { type Mp3EncoderPool, mp3EncoderPool } from '../../../src/audio/mp3-encoder.ts';
import { wavEncoder } from '../../../src/audio/wav-encoder.ts';
import { wavHead } from '../../../src/audio/wav-header.ts';
import { PeakMeter } from '../../../src/recording/peaks.ts';
import { missingTools } from '../debian-tools.ts';

const missing = missingTools('ffmpeg', 'ffprobe', 'sox');

const tags: AudioTags = {
  recordingId: '01936f2e-8f4c-7cc0-9d40-7f2f7a1c0001',
  callId: '01936f2e-8f4c-7cc0-9d40-7f2f7a1c0002',
  startedAt: '2026-11-23T10:20:30.500Z',
  parties: { caller: '+352…23\r\n', callee: 'Zoë' },
};
const comment = `recording ${tags.recordingId}, call ${tags.callId}, from +352…23 to Zoë`;

const codecs: Readonly<Record<AudioFormat, string>> = {
  wav: 'pcm_s16le',
  'wav-alaw': 'pcm_alaw',
  'wav-mulaw': 'pcm_mulaw',
  mp3: 'mp3',
};

interface Row {
  readonly format: AudioFormat;
  readonly channels: 1 | 2;
  readonly sampleRate: number;
}

const rows: readonly Row[] = (Object.keys(codecs) as AudioFormat[]).flatMap((format) =>
  ([1, 2] as const).flatMap((channels) =>
    [8000, 16_000, 48_000].map((sampleRate) => ({ format, channels, sampleRate })),
  ),
);

let folder: string;
let pool: Mp3EncoderPool;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'onrecord-formats-'));
  pool = await mp3EncoderPool();
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

async function encoderOf(format: AudioFormat, shape: AudioShape): Promise<AudioEncoder> {
  const coding = wavCodingOf(format);
  return coding === null ? pool.acquire(shape) : wavEncoder(shape, coding);
}

/** Two tones; what they are on each channel is told by the peaks. */
function tones({ channels, sampleRate }: AudioShape, count: number): Int16Array {
  return Int16Array.from({ length: count * channels }, (_, i) => {
    const channel = i % channels;
    const t = Math.floor(i / channels) / sampleRate;
    return Math.round(
      (channel === 0 ? 9000 : 4000) * Math.sin(2 * Math.PI * (channel === 0 ? 400 : 1100) * t),
    );
  });
}

async function fileOf(row: Row, portions: readonly number[], tagged: AudioTags | null): Promise<string> {
  const encoder = await encoderOf(row.format, row);
  const all = tones(
    row,
    portions.reduce((sum, portion) => sum + portion, 0),
  );
  const parts: Buffer[] = [];
  let at = 0;
  for (const portion of portions) {
    parts.push(Buffer.from(encoder.encode(all.subarray(at, at + portion * row.channels))));
    at += portion * row.channels;
  }
  parts.push(Buffer.from(encoder.finish()));
  const { head, tail } = audioFileEnds(row.format, row, encoder.progress(), tagged);
  encoder.release();
  const path = join(folder, `file.${row.format === 'mp3' ? 'mp3' : 'wav'}`);
  writeFileSync(path, Buffer.concat([head, ...parts, tail]));
  return path;
}

interface Probed {
  readonly streams: readonly Readonly<Record<string, unknown>>[];
  readonly format: { readonly duration: string; readonly tags?: Readonly<Record<string, string>> };
}

function probe(path: string): Probed {
  const output = execFileSync('ffprobe', [
    '-v',
    'error',
    '-show_format',
    '-show_streams',
    '-of',
    'json',
    path,
  ]);
  return JSON.parse(output.toString()) as Probed;
}

/** By ffmpeg, which is to find no fault. */
function decoded(path: string): Int16Array {
  const raw = execFileSync(
    'ffmpeg',
    ['-v', 'error', '-xerror', '-i', path, '-f', 's16le', '-c:a', 'pcm_s16le', '-'],
    {
      maxBuffer: 256 * 1024 * 1024,
    },
  );
  return new Int16Array(raw.buffer.slice(raw.byteOffset, raw.byteOffset + raw.length));
}

describe.skipIf(missing !== null)('every form of a recording, read by ffprobe, ffmpeg and sox', () => {
  it.each(rows)('$format, $channels channels, $sampleRate Hz', async (row) => {
    const { format, channels, sampleRate } = row;
    const count = sampleRate + 1;
    const path = await fileOf(row, [sampleRate / 2, sampleRate / 4, sampleRate / 4 + 1], tags);
    const { streams, format: container } = probe(path);
    expect(streams).toHaveLength(1);
    expect(streams[0]).toMatchObject({
      codec_name: codecs[format],
      sample_rate: String(sampleRate),
      channels,
    });
    const samples = decoded(path);
    expect(samples.length).toBe(count * channels);
    if (format !== 'mp3') expect(Number(container.duration)).toBeCloseTo(count / sampleRate, 5);
    const found = { ...container.tags, ...(streams[0]?.['tags'] as object | undefined) } as Record<
      string,
      string
    >;
    expect(found['title']).toBe('Call of 2026-11-23 10:20:30 UTC');
    expect(found['comment']).toContain(format === 'mp3' ? comment : `call ${tags.callId}`);
    if (format === 'mp3')
      expect(found).toMatchObject({ date: '2026-11-23T10:20:30', 'call id': tags.callId });
    else {
      expect(found).toMatchObject({ originator_reference: tags.recordingId.replaceAll('-', '') });
      expect(found['coding_history']).toContain(`F=${sampleRate}`);
    }
    // Debian's sox has no MP3 decoder of its own.
    if (format === 'mp3') return;
    const soxi = (option: string): string => execFileSync('soxi', [option, path]).toString().trim();
    expect([soxi('-r'), soxi('-c'), soxi('-s')]).toEqual([
      String(sampleRate),
      String(channels),
      String(count),
    ]);
    const raw = execFileSync('sox', ['-D', path, '-t', 'raw', '-b', '16', '-e', 'signed', '-']);
    expect(raw.equals(Buffer.from(samples.buffer))).toBe(true);
  });

  it('whatever portions it was made of', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...rows),
        fc.array(fc.integer({ min: 1, max: 9000 }), { minLength: 1, maxLength: 8 }),
        async (row, random) => {
          // Of a file that is all but empty, ffmpeg takes padding for sound, or finds no format: 50 ms suffice.
          const portions = [...random, 2400];
          const count = portions.reduce((sum, portion) => sum + portion, 0);
          const path = await fileOf(row, portions, tags);
          expect(decoded(path).length).toBe(count * row.channels);
          expect(probe(path).streams[0]).toMatchObject({ codec_name: codecs[row.format] });
        },
      ),
      { numRuns: 25 },
    );
  });
});

describe.skipIf(missing !== null)('a waveform', () => {
  it('has the least and greatest sample that sox finds in the file', async () => {
    const row: Row = { format: 'wav-alaw', channels: 2, sampleRate: 8000 };
    const path = await fileOf(row, [20_000], null);
    const meter = new PeakMeter(row);
    meter.add(tones(row, 20_000));
    const { data } = meter.peaks('alaw');
    for (const [channel, pairs] of data.entries()) {
      const { stderr } = statsOf(path, channel + 1);
      const level = (name: string): number =>
        Number(new RegExp(`${name} level\\s+(-?[\\d.]+)`).exec(stderr)?.[1]);
      expect(Math.max(...pairs) / 32_768).toBeCloseTo(level('Max'), 5);
      expect(Math.min(...pairs) / 32_768).toBeCloseTo(level('Min'), 5);
    }
  });
});

function statsOf(path: string, channel: number): { readonly stderr: string } {
  const stderr = execFileSync('sh', ['-c', `sox "$1" -n remix ${channel} stats 2>&1`, 'sh', path]).toString();
  return { stderr };
}

describe.skipIf(missing !== null)('beyond 4 GiB (EBU Tech 3306)', () => {
  it.each(['pcm16', 'alaw', 'mulaw'] as const)(
    '%s is RF64 to ffprobe, with its length and its tags',
    (coding) => {
      const shape = { channels: 2 as const, sampleRate: 8000 };
      const seconds = 5 * 86_400;
      const dataBytes = seconds * 8000 * 2 * (coding === 'pcm16' ? 2 : 1);
      const head = wavHead({ shape, coding, dataBytes, tags });
      const path = join(folder, 'long.wav');
      const file = openSync(path, 'w');
      writeSync(file, head);
      ftruncateSync(file, head.length + dataBytes);
      closeSync(file);
      const { format, streams } = probe(path);
      expect(Number(format.duration)).toBeCloseTo(seconds, 3);
      expect(streams[0]).toMatchObject({ channels: 2, sample_rate: '8000' });
      expect(format.tags?.['title']).toBe('Call of 2026-11-23 10:20:30 UTC');
      rmSync(path);
    },
  );
});
