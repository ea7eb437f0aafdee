import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { linearSamples } from '../../src/audio/linear-samples.ts';
import { wavEncoder } from '../../src/audio/wav-encoder.ts';
import { PeakMeter, type Peaks } from '../../src/recording/peaks.ts';

/** By another way: each bucket cut out of the channel and searched. */
function searched(samples: Int16Array, channels: number, samplesPerBucket: number): number[][] {
  return Array.from({ length: channels }, (_, channel) => {
    const own = samples.filter((_sample, i) => i % channels === channel);
    const pairs: number[] = [];
    for (let at = 0; at < own.length; at += samplesPerBucket) {
      const bucket = own.subarray(at, at + samplesPerBucket);
      pairs.push(Math.min(...bucket), Math.max(...bucket));
    }
    return pairs;
  });
}

function metered(samples: Int16Array, channels: 1 | 2, sampleRate: number, portion: number): Peaks {
  const meter = new PeakMeter({ channels, sampleRate });
  for (let at = 0; at < samples.length; at += portion * channels)
    meter.add(samples.subarray(at, at + portion * channels));
  return meter.peaks('pcm16');
}

const noise = (count: number): Int16Array =>
  Int16Array.from({ length: count }, (_, i) => ((i * 40_503) % 65_536) - 32_768);

describe('a waveform', () => {
  it('is the least and greatest sample of each tenth of a second, however the samples come', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(1 as const, 2 as const),
        fc.integer({ min: 0, max: 9000 }),
        fc.integer({ min: 1, max: 3000 }),
        fc.infiniteStream(fc.integer({ min: -32_768, max: 32_767 })),
        (channels, count, portion, values) => {
          const samples = Int16Array.from({ length: count * channels }, () => values.next().value as number);
          const peaks = metered(samples, channels, 8000, portion);
          expect(peaks).toMatchObject({ sampleRate: 8000, samplesPerBucket: 800, bits: 16 });
          expect(peaks.length).toBe(Math.ceil(count / 800));
          expect(peaks.data).toEqual(searched(samples, channels, 800));
        },
      ),
      { numRuns: 60 },
    );
  });

  it.each([
    { what: 'the last that fits', seconds: 204.7, samplesPerBucket: 800, length: 2047 },
    { what: 'one more', seconds: 204.9, samplesPerBucket: 1600, length: 1025 },
    { what: 'twice as long', seconds: 500, samplesPerBucket: 3200, length: 1250 },
  ])('of a longer recording has longer buckets: $what', ({ seconds, samplesPerBucket, length }) => {
    const samples = noise(8000 * seconds * 2);
    const peaks = metered(samples, 2, 8000, 2000);
    expect(peaks).toMatchObject({ samplesPerBucket, length });
    expect(peaks.data).toEqual(searched(samples, 2, samplesPerBucket));
  });

  it('of four hours keeps to its limit', () => {
    const meter = new PeakMeter({ channels: 1, sampleRate: 8000 });
    const minute = noise(8000 * 60);
    for (let i = 0; i < 4 * 60; i++) meter.add(minute);
    const { length, samplesPerBucket } = meter.peaks('pcm16');
    expect(length).toBeLessThanOrEqual(2048);
    expect(length * samplesPerBucket).toBeGreaterThanOrEqual(8000 * 4 * 3600);
  });

  it.each(['alaw', 'mulaw'] as const)('is that of the file, which %s has rounded', (coding) => {
    const samples = noise(8000);
    const meter = new PeakMeter({ channels: 1, sampleRate: 8000 });
    meter.add(samples);
    const rounded = linearSamples(
      wavEncoder({ channels: 1, sampleRate: 8000 }, coding).encode(samples),
      coding,
    );
    expect(meter.peaks(coding).data).toEqual(searched(rounded, 1, 800));
  });

  it('of nothing is empty', () => {
    expect(new PeakMeter({ channels: 2, sampleRate: 8000 }).peaks('pcm16')).toMatchObject({
      length: 0,
      data: [[], []],
    });
  });
});
