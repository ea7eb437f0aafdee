import { describe, expect, it } from 'vitest';
import { ringingTone } from '../../src/audio/ringing-tone.ts';
import { amplitudeAt, rms } from '../support/sound.ts';

/** Runs of sound and silence, in milliseconds. */
function cadence({ samples }: { readonly samples: Int16Array }): number[] {
  const blocks = Array.from({ length: samples.length / 400 }, (_, i) =>
    samples.subarray(400 * i, 400 * (i + 1)).some((sample) => sample !== 0),
  );
  const runs: { on: boolean; ms: number }[] = [];
  for (const on of blocks) {
    const last = runs.at(-1);
    if (last?.on === on) last.ms += 50;
    else runs.push({ on, ms: 50 });
  }
  return runs.map(({ ms }) => ms);
}

describe('ITU-T E.180 Supplement 2: the ringing tone', () => {
  const rows: [country: string, hertz: number[], cadenceMs: number[]][] = [
    ['LU', [425], [1000, 4000]],
    ['DE', [425], [1000, 4000]],
    ['BE', [425], [1000, 3000]],
    ['FR', [440], [1500, 3500]],
    ['AT', [420], [1000, 5000]],
    ['ES', [425], [1500, 3000]],
    ['HU', [425], [1250, 3750]],
    ['SE', [425], [1000, 5000]],
    ['GB', [400, 450], [400, 200, 400, 2000]],
    ['US', [440, 480], [2000, 4000]],
    ['XX', [425], [1000, 4000]],
  ];
  it.each(rows)('of %s', (country, hertz, cadenceMs) => {
    const tone = ringingTone(country);
    expect(cadence(tone)).toEqual(cadenceMs);
    expect(tone.durationMs).toBe(cadenceMs.reduce((sum, ms) => sum + ms));
    const sounding = tone.samples.subarray(0, cadenceMs[0]! * 8);
    for (const one of hertz) expect(amplitudeAt(sounding, one)).toBeGreaterThan(3400);
    // E.180 §5: -10 dBm0 with 5 dB on either side.
    const level = 20 * Math.log10((rms(sounding.subarray(0, 3200)) * Math.SQRT2) / 32_124) + 3.14;
    expect(level).toBeGreaterThan(-15);
    expect(level).toBeLessThan(-5);
  });
});
