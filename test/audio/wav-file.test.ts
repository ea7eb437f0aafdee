import { describe, expect, it } from 'vitest';
import wavefile from 'wavefile';
import type { AudioShape } from '../../src/audio/audio-encoder.ts';
import { audioFileEnds } from '../../src/audio/audio-file.ts';
import { type AudioFormat, wavCodingOf } from '../../src/audio/audio-format.ts';
import type { AudioTags } from '../../src/audio/audio-tags.ts';
import { wavEncoder } from '../../src/audio/wav-encoder.ts';
import { wavHead, wavTail } from '../../src/audio/wav-header.ts';
import { ffmpegALaw, ffmpegMuLaw } from './g711-vectors.ts';

const tags: AudioTags = {
  recordingId: '01936f2e-8f4c-7cc0-9d40-7f2f7a1c0001',
  callId: '01936f2e-8f4c-7cc0-9d40-7f2f7a1c0002',
  startedAt: '2026-11-23T10:20:30.500Z',
  parties: { caller: '+352…23', callee: 'extension' },
};

/** Encoded in four parts, as a live recording is. */
function fileOf(
  format: AudioFormat,
  shape: AudioShape,
  samples: Int16Array,
  tagged: AudioTags | null,
): Buffer {
  const encoder = wavEncoder(shape, wavCodingOf(format)!);
  const quarter = (samples.length / shape.channels) >> 2;
  const cuts = [0, 1, 2, 3].map((part) => part * quarter * shape.channels).concat(samples.length);
  const parts = cuts.slice(1).map((cut, i) => Buffer.from(encoder.encode(samples.subarray(cuts[i], cut))));
  expect(encoder.finish()).toHaveLength(0);
  const { head, tail } = audioFileEnds(format, shape, encoder.progress(), tagged);
  return Buffer.concat([head, ...parts, tail]);
}

/** Of all values, and of more than one period of anything. */
function noise(count: number): Int16Array {
  return Int16Array.from({ length: count }, (_, i) => ((i * 7919) % 65536) - 32768);
}

const rows = (['wav', 'wav-alaw', 'wav-mulaw'] as const).flatMap((format) =>
  ([1, 2] as const).flatMap((channels) =>
    [8000, 16_000, 48_000].flatMap((sampleRate) =>
      [tags, null].map((tagged) => ({
        format,
        channels,
        sampleRate,
        tagged,
        said: tagged ? 'with' : 'without',
      })),
    ),
  ),
);

const formatTags = { wav: 1, 'wav-alaw': 6, 'wav-mulaw': 7 };

describe('a WAV file as an independent reader sees it', () => {
  it.each(rows)('$format, $channels channels at $sampleRate Hz, $said tags', (row) => {
    const { format, channels, sampleRate, tagged } = row;
    // Odd, so that mono of one byte a sample needs its byte of padding.
    const samples = noise(1001 * channels);
    const file = fileOf(format, { channels, sampleRate }, samples, tagged);
    const wav = new wavefile.WaveFile(file);
    const bits = format === 'wav' ? 16 : 8;
    expect(wav.fmt).toMatchObject({
      ...{ numChannels: channels, sampleRate, bitsPerSample: bits, audioFormat: formatTags[format] },
      blockAlign: (channels * bits) / 8,
      byteRate: (sampleRate * channels * bits) / 8,
    });
    expect(file.length % 2).toBe(0);
    expect((wav as unknown as { chunkSize: number }).chunkSize).toBe(file.length - 8);
    expect((wav.data as { chunkSize: number }).chunkSize).toBe((samples.length * bits) / 8);
    if (format !== 'wav') expect(wav.fact).toMatchObject({ chunkId: 'fact', dwSampleLength: 1001 });
    if (format === 'wav-alaw') wav.fromALaw();
    if (format === 'wav-mulaw') wav.fromMuLaw();
    const read = wav.getSamples(true, Int16Array) as unknown as Int16Array;
    if (format === 'wav') expect(Array.from(read)).toEqual(Array.from(samples));
    // This reader takes the byte of padding for one more octet of G.711.
    else expect(read.length).toBe(samples.length + (samples.length % 2));
  });

  it.each([
    { format: 'wav-alaw' as const, law: 'A-law', values: ffmpegALaw },
    { format: 'wav-mulaw' as const, law: 'mu-law', values: ffmpegMuLaw },
  ])('what came as $law is in the file octet for octet', ({ format, values }) => {
    const encoder = wavEncoder({ channels: 1, sampleRate: 8000 }, wavCodingOf(format)!);
    const octets = Array.from(encoder.encode(Int16Array.from(values)));
    // G.711 table 2: mu-law has two zeros; the negative one becomes the positive, which is the same sample.
    const expected = Array.from(values.keys()).map((octet) =>
      format === 'wav-mulaw' && octet === 0x7f ? 0xff : octet,
    );
    expect(octets).toEqual(expected);
  });

  it('a companded file is half as long as a linear one', () => {
    const shape = { channels: 2 as const, sampleRate: 8000 };
    const linear = fileOf('wav', shape, noise(16_000), null).length - 44;
    expect(fileOf('wav-alaw', shape, noise(16_000), null).length - 58).toBe(linear / 2);
  });

  it('an empty recording is a valid file of no samples', () => {
    const head = wavHead({
      shape: { channels: 2, sampleRate: 8000 },
      coding: 'pcm16',
      dataBytes: 0,
      tags: null,
    });
    expect(head.length).toBe(44);
    expect((new wavefile.WaveFile(head).data as { chunkSize: number }).chunkSize).toBe(0);
  });
});

describe('what a WAV file says of itself', () => {
  const shape = { channels: 2 as const, sampleRate: 8000 };
  const bextOf = (tagged: AudioTags): Record<string, unknown> =>
    new wavefile.WaveFile(fileOf('wav', shape, noise(800), tagged)).bext as Record<string, unknown>;

  it('a bext chunk with time, reference and history (EBU Tech 3285)', () => {
    const bext = bextOf(tags);
    expect(bext).toMatchObject({
      chunkId: 'bext',
      originationDate: '2026-11-23',
      originationTime: '10:20:30',
      version: 1,
    });
    const plain = (name: string): string => String(bext[name]).replaceAll('\0', '');
    expect(plain('originator')).toBe('Onrecord');
    expect(plain('originatorReference')).toBe('01936f2e8f4c7cc09d407f2f7a1c0001');
    expect(plain('description')).toBe(
      `Call of 2026-11-23 10:20:30 UTC: recording ${tags.recordingId}, call ${tags.callId}, from +352?23 to extension`,
    );
    expect(plain('codingHistory')).toBe('A=PCM,F=8000,W=16,M=stereo,T=Onrecord\r\n');
    const [low, high] = bext.timeReference as [number, number];
    expect(low + 2 ** 32 * high).toBe(((10 * 60 + 20) * 60 + 30.5) * 8000);
  });

  it('LIST-INFO fields', () => {
    const wav = new wavefile.WaveFile(fileOf('wav-alaw', shape, noise(801), tags));
    const [info] = wav.LIST as { format: string; subChunks: { chunkId: string; value: string }[] }[];
    expect(info?.format).toBe('INFO');
    expect(Object.fromEntries(info!.subChunks.map(({ chunkId, value }) => [chunkId, value]))).toMatchObject({
      INAM: 'Call of 2026-11-23 10:20:30 UTC',
      ICRD: '2026-11-23',
      ISFT: 'Onrecord',
    });
  });

  it('no party where none is to be named', () => {
    expect(String(bextOf({ ...tags, parties: null }).description)).not.toContain('from');
  });

  it.each([
    ['line ends and zeros', 'a\r\nb\0c', 'a b c'],
    ['what turns the direction of writing', 'a\u202eb\u2066c', 'a b c'],
    ['more than a field holds', 'x'.repeat(9000), 'x'.repeat(128)],
    ['half of a surrogate pair', 'a\ud83d', 'a'],
    ['markup, which is text', '<script>', '<script>'],
  ])('a party’s text is cleaned of %s', (_, hostile, shown) => {
    const parties = { caller: hostile, callee: 'b' };
    const file = fileOf('wav', shape, noise(800), { ...tags, parties });
    const info = file.subarray(file.indexOf('LIST', 0, 'latin1'));
    expect(info.toString('utf8')).toContain(`from ${shown} to b\0`);
    expect((new wavefile.WaveFile(file).data as { chunkSize: number }).chunkSize).toBe(1600);
  });
});

describe('a WAV file beyond 4 GiB (EBU Tech 3306)', () => {
  const shape = { channels: 2 as const, sampleRate: 8000 };

  it('is RF64, whose ds64 chunk holds the lengths', () => {
    const dataBytes = 5 * 2 ** 30;
    const head = wavHead({ shape, coding: 'pcm16', dataBytes, tags: null });
    expect(head.toString('latin1', 0, 16)).toBe(`RF64\xff\xff\xff\xffWAVEds64`);
    expect(head.readUInt32LE(16)).toBe(28);
    expect(head.readBigUInt64LE(20)).toBe(BigInt(dataBytes + head.length - 8));
    expect(head.readBigUInt64LE(28)).toBe(BigInt(dataBytes));
    expect(head.readBigUInt64LE(36)).toBe(BigInt(dataBytes / 4));
    expect(head.toString('latin1', 48, 52)).toBe('fmt ');
    expect(head.toString('latin1', 72, 80)).toBe('data\xff\xff\xff\xff');
  });

  it('leaves the length in samples to ds64 where it is companded', () => {
    const head = wavHead({ shape, coding: 'alaw', dataBytes: 5 * 2 ** 30, tags });
    const fact = head.indexOf('fact', 0, 'latin1');
    expect(head.readUInt32LE(fact + 8)).toBe(0xffffffff);
    expect(head.readBigUInt64LE(36)).toBe(BigInt(5 * 2 ** 29));
  });

  it('begins with the first length that 32 bits cannot say, its padding counted', () => {
    const form = (dataBytes: number): string =>
      wavHead({ shape: { channels: 1, sampleRate: 8000 }, coding: 'mulaw', dataBytes, tags: null }).toString(
        'latin1',
        0,
        4,
      );
    const around = 58 - 8;
    expect(form(0xffffffff - around - 1)).toBe('RIFF');
    expect(form(0xffffffff - around)).toBe('RF64');
    expect(wavTail({ shape, coding: 'mulaw', dataBytes: 0xffffffff - around, tags: null })).toHaveLength(1);
  });
});
