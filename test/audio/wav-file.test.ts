import { describe, expect, it } from 'vitest';
import wavefile from 'wavefile';
import { audioFileHead } from '../../src/audio/audio-file.ts';
import { wavEncoder } from '../../src/audio/wav-encoder.ts';
import { wavHeader } from '../../src/audio/wav-header.ts';

describe('a WAV file as an independent reader sees it', () => {
  it.each([
    { channels: 1 as const, sampleRate: 8000 },
    { channels: 2 as const, sampleRate: 8000 },
    { channels: 2 as const, sampleRate: 16000 },
  ])('$channels channels at $sampleRate Hz', (shape) => {
    const samples = Int16Array.from(
      { length: 1000 * shape.channels },
      (_, i) => ((i * 7919) % 65536) - 32768,
    );
    const encoder = wavEncoder(shape);
    const parts = [0, 1, 2, 3].map((part) =>
      Buffer.from(
        encoder.encode(samples.subarray((part * samples.length) / 4, ((part + 1) * samples.length) / 4)),
      ),
    );
    parts.push(Buffer.from(encoder.finish()));
    const progress = encoder.progress();
    expect(progress).toMatchObject({ samples: 1000, decodable: 1000, bytes: samples.byteLength });
    const file = Buffer.concat([audioFileHead('wav', shape, progress), ...parts]);
    const wav = new wavefile.WaveFile(file);
    const fmt = wav.fmt as {
      numChannels: number;
      sampleRate: number;
      bitsPerSample: number;
      audioFormat: number;
    };
    expect(fmt).toMatchObject({
      ...{ numChannels: shape.channels, sampleRate: shape.sampleRate },
      bitsPerSample: 16,
      audioFormat: 1,
    });
    expect((wav as unknown as { chunkSize: number }).chunkSize).toBe(file.length - 8);
    expect((wav.data as { chunkSize: number }).chunkSize).toBe(samples.byteLength);
    const read = wav.getSamples(true, Int16Array) as unknown as Int16Array;
    expect(Array.from(read)).toEqual(Array.from(samples));
  });

  it('an empty recording is a valid file of no samples', () => {
    const head = wavHeader({ channels: 2, sampleRate: 8000 }, 0);
    expect(head.length).toBe(44);
    expect((new wavefile.WaveFile(head).data as { chunkSize: number }).chunkSize).toBe(0);
  });

  it('beyond 4 GiB it is RF64, whose ds64 chunk holds the lengths (EBU Tech 3306)', () => {
    const dataBytes = 5 * 2 ** 30;
    const head = wavHeader({ channels: 2, sampleRate: 8000 }, dataBytes);
    expect(head.toString('latin1', 0, 16)).toBe(`RF64\xff\xff\xff\xffWAVEds64`);
    expect(head.readUInt32LE(16)).toBe(28);
    expect(head.readBigUInt64LE(20)).toBe(BigInt(dataBytes + head.length - 8));
    expect(head.readBigUInt64LE(28)).toBe(BigInt(dataBytes));
    expect(head.readBigUInt64LE(36)).toBe(BigInt(dataBytes / 4));
    expect(head.toString('latin1', 48, 52)).toBe('fmt ');
    expect(head.toString('latin1', 72, 80)).toBe('data\xff\xff\xff\xff');
  });
});
