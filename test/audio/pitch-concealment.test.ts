import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { PitchConcealment } from '../../src/audio/pitch-concealment.ts';
import { rms, tone } from '../support/sound.ts';
import { readWav } from '../support/wav-file.ts';

/** What stands in for the gap, of which the first 60 ms can be other than silence. */
function bridge(samples: Int16Array, sampleRate: number, gapMs = 80): Int16Array {
  const concealment = new PitchConcealment(sampleRate);
  for (let at = 0; at < samples.length; at += sampleRate / 50) {
    const packet = samples.subarray(at, at + sampleRate / 50);
    concealment.heard(packet, packet.length);
  }
  const made = new Int16Array((gapMs * sampleRate) / 1000);
  concealment.conceal(made.length, made);
  return made;
}

const ms = (samples: Int16Array, from: number, to: number, rate: number): Int16Array =>
  samples.subarray((from * rate) / 1000, (to * rate) / 1000);

describe.each([8000, 16_000])('a gap at %i Hz', (rate) => {
  it.each([80, 100, 125, 160, 190])('a voice of %i Hz goes on for 10 ms as it was', (hertz) => {
    const seconds = 0.4;
    const overtone = tone(2 * hertz, seconds + 0.1, rate, 3000);
    const wave = tone(hertz, seconds + 0.1, rate).map((s, i) => s + overtone[i]!);
    const made = bridge(wave.subarray(0, seconds * rate), rate);
    const truth = wave.subarray(seconds * rate);
    const error = ms(made, 0, 10, rate).map((s, i) => s - truth[i]!);
    expect(rms(error)).toBeLessThan(0.1 * rms(ms(truth, 0, 10, rate)));
  });

  it('fades by a fifth each 10 ms after the first, and is silent from 60 ms on', () => {
    const wave = tone(100, 0.4, rate);
    const made = bridge(wave, rate);
    const level = (from: number): number => rms(ms(made, from, from + 10, rate)) / rms(wave);
    expect([0, 10, 20, 30, 40, 50].map((from) => Math.round(10 * level(from)))).toEqual([10, 9, 7, 5, 3, 1]);
    expect(ms(made, 60, 80, rate).every((sample) => sample === 0)).toBe(true);
  });

  it('begins where the speech broke off: no step larger than the speech has', () => {
    const voice = readWav(readFileSync('fixtures/voices/caller.wav')).channels[0]!;
    const largest = (samples: Int16Array): number =>
      samples.reduce((most, s, i) => (i === 0 ? 0 : Math.max(most, Math.abs(s - samples[i - 1]!))), 0);
    for (let end = 8000; end < 80_000; end += 1600) {
      const before = voice.subarray(end - 1600, end);
      const made = bridge(before, rate, 20);
      const step = Math.abs(made[0]! - before.at(-1)!);
      expect(step).toBeLessThanOrEqual(largest(before) + 1);
    }
  });
});

it('silence is bridged by silence', () => {
  expect(bridge(new Int16Array(4000), 8000).every((sample) => sample === 0)).toBe(true);
});

it('never leaves 16 bits', () => {
  const square = Int16Array.from({ length: 4000 }, (_, i) => (i % 73 < 36 ? 32_767 : -32_768));
  const made = bridge(square, 8000);
  // A value that left them would have come out with the other sign.
  expect(rms(made.subarray(0, 80))).toBeGreaterThan(30_000);
});

it('a gap in pieces is the gap in one', () => {
  const wave = tone(110, 0.4);
  const whole = bridge(wave, 8000, 60);
  const concealment = new PitchConcealment(8000);
  concealment.heard(wave, wave.length);
  const parts = new Int16Array(480);
  for (let at = 0; at < 480; at += 37) {
    concealment.conceal(Math.min(37, 480 - at), parts.subarray(at));
  }
  expect(parts).toEqual(whole);
});
