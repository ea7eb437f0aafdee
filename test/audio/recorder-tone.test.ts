import { describe, expect, it } from 'vitest';
import { recorderTone } from '../../src/audio/recorder-tone.ts';
import { amplitudeAt, rms } from '../support/sound.ts';

describe('the tone of a recorder', () => {
  const { samples, durationMs } = recorderTone();

  it('is 1400 Hz for 200 ms and nothing beside', () => {
    expect(durationMs).toBe(200);
    expect(samples).toHaveLength(1600);
    const middle = samples.subarray(80, 1520);
    expect(amplitudeAt(middle, 1400) / (rms(middle) * Math.SQRT2)).toBeCloseTo(1, 2);
  });

  it('is 20 dB below the reference', () => {
    const level = 20 * Math.log10((rms(samples.subarray(80, 1520)) * Math.SQRT2) / 32_124) + 3.14;
    expect(level).toBeCloseTo(-20, 0);
  });

  it('neither begins nor ends with a click', () => {
    expect(Math.abs(samples[0]!)).toBeLessThan(60);
    expect(Math.abs(samples.at(-1)!)).toBeLessThan(60);
  });
});
