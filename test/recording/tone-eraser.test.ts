import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ToneEraser } from '../../src/recording/tone-eraser.ts';
import { digits, mixedIn, pair } from '../audio/dtmf-tones.ts';
import { seededRandom } from '../support/random.ts';
import { readWav } from '../support/wav-file.ts';

/** What is kept of a sound, in portions as the pipeline takes them. */
function kept(sound: Int16Array, sampleRate = 8000, portion = sampleRate / 4): Int16Array {
  const source = {
    peek: (position: number, count: number, target: Int16Array) => {
      for (let i = 0; i < count; i++) target[i] = sound[position + i] ?? 0;
    },
  };
  const eraser = new ToneEraser(source, sampleRate);
  const result = sound.slice();
  for (let at = 0; at < sound.length; at += portion) {
    const count = Math.min(portion, sound.length - at);
    eraser.listen(at + count);
    eraser.erase(at, count, result.subarray(at, at + count));
  }
  return result;
}

const erasedSamples = (sound: Int16Array, result: Int16Array): number =>
  sound.reduce((sum, sample, i) => sum + (sample !== 0 && result[i] === 0 ? 1 : 0), 0);
const voice = (name: string): Int16Array => readWav(readFileSync(`fixtures/${name}.wav`)).channels[0]!;
const speech = [
  'voices/caller',
  'voices/callee',
  ...['en', 'de', 'fr', 'lb'].map((l) => `prompts/quality-${l}`),
];
const quiet = (ms: number, sampleRate = 8000): Int16Array => {
  const random = seededRandom(ms);
  return Int16Array.from({ length: (ms * sampleRate) / 1000 }, () => Math.round(random() * 40 - 20));
};
const atQuiet = (tone: Int16Array, at = 4000, sampleRate = 8000): Int16Array =>
  mixedIn(quiet(1000, sampleRate), tone, at);
const rest = (result: Int16Array, at: number, length: number): number =>
  Math.max(...result.subarray(at, at + length).map(Math.abs));

describe('a digit of 40 ms, the shortest that Q.24 wants to be known, is silence from its first sample to its last', () => {
  it.each(digits)('$digit', ({ low, high }) => {
    for (let at = 4000; at < 4052; at += 13) {
      const tone = pair({ low, high, ms: 40 });
      expect(rest(kept(atQuiet(tone, at)), at, tone.length)).toBe(0);
    }
  });
});

describe('is erased', () => {
  const five = { low: 770, high: 1336 };
  it.each([
    { name: '100 ms', plan: { ...five, ms: 100 } },
    { name: 'a second', plan: { ...five, ms: 1000 } },
    { name: 'at -25 dBm0 a tone', plan: { ...five, ms: 50, lowAmplitude: 1283, highAmplitude: 1283 } },
    { name: 'at -35 dBm0 a tone', plan: { ...five, ms: 50, lowAmplitude: 405, highAmplitude: 405 } },
    { name: 'as loud as can be', plan: { ...five, ms: 50, lowAmplitude: 16_383, highAmplitude: 16_383 } },
    {
      name: 'Q.24: the high tone 4 dB above',
      plan: { ...five, ms: 50, lowAmplitude: 4000, highAmplitude: 6300 },
    },
    {
      name: 'Q.24: the high tone 8 dB below',
      plan: { ...five, ms: 50, lowAmplitude: 6000, highAmplitude: 2400 },
    },
    { name: 'both 1.5 % high', plan: { low: 770 * 1.015, high: 1336 * 1.015, ms: 50 } },
    { name: 'both 1.5 % low', plan: { low: 941 * 0.985, high: 1633 * 0.985, ms: 50 } },
    { name: 'one high, one low', plan: { low: 697 * 1.015, high: 1209 * 0.985, ms: 50 } },
  ])('a digit $name', ({ plan }) => {
    const sound = new Int16Array(16_000);
    const tone = pair(plan);
    const result = kept(mixedIn(sound, tone, 4000));
    expect(rest(result, 0, result.length)).toBe(0);
  });

  it.each([16_000, 48_000])('at %i Hz', (sampleRate) => {
    for (const { low, high } of digits) {
      const tone = pair({ low, high, ms: 40, sampleRate });
      const result = kept(atQuiet(tone, sampleRate / 2, sampleRate), sampleRate);
      expect(rest(result, sampleRate / 2, tone.length)).toBe(0);
    }
  });

  it('a digit of which the network lost a packet', () => {
    const tone = pair({ ...five, ms: 70 });
    tone.fill(0, 200, 360);
    const result = kept(atQuiet(tone));
    expect(rest(result, 4000, tone.length)).toBe(0);
  });

  it('one digit after another, 40 ms apart, all of them', () => {
    let sound = quiet(3000);
    digits.forEach(({ low, high }, i) => {
      sound = mixedIn(sound, pair({ low, high, ms: 40 }), 3000 + i * 640);
    });
    const result = kept(sound);
    digits.forEach((_, i) => {
      expect(rest(result, 3000 + i * 640, 320)).toBe(0);
    });
  });

  it('whatever portions the recording is mixed in', () => {
    const sound = atQuiet(pair({ ...five, ms: 60 }), 3990);
    const whole = kept(sound, 8000, 8000);
    for (const portion of [1, 37, 160, 2000, 3999]) expect(kept(sound, 8000, portion)).toEqual(whole);
  });

  it('a digit over a quiet voice, from beginning to end', () => {
    const sound = voice('voices/caller').map((sample) => sample / 8);
    for (let at = 4000; at < 80_000; at += 7777) {
      const tone = pair({ ...five, ms: 80 });
      expect(rest(kept(mixedIn(sound, tone, at)), at, tone.length)).toBe(0);
    }
  });
});

describe('is kept', () => {
  it.each(speech)('every sample of speech: %s', (name) => {
    for (const gain of [0.1, 0.3, 1]) {
      const sound = voice(name).map((sample) => Math.round(sample * gain));
      expect(erasedSamples(sound, kept(sound))).toBe(0);
    }
  });

  it('all that lies more than 30 ms from a digit', () => {
    const sound = voice('voices/callee');
    const tone = pair({ low: 852, high: 1477, ms: 60 });
    const result = kept(
      mixedIn(
        sound.map((s, i) => (i > 39_000 && i < 41_000 ? 0 : s)),
        tone,
        40_000,
      ),
    );
    expect(result.subarray(0, 39_760)).toEqual(
      kept(sound)
        .map((s, i) => (i > 39_000 && i < 41_000 ? 0 : s))
        .subarray(0, 39_760),
    );
    expect(result.subarray(41_000)).toEqual(sound.subarray(41_000));
  });

  it.each([
    { name: 'a tone of the low group alone', low: 697, high: 0 },
    { name: 'a tone of the high group alone', low: 0, high: 1477 },
    { name: 'two of one group', low: 697, high: 852 },
    { name: 'Q.24: both more than 3.5 % off', low: 697 * 1.036, high: 1209 * 1.036 },
    { name: 'between the rows', low: 733, high: 1336 },
    { name: 'between the columns', low: 770, high: 1272 },
    { name: 'European dial tone, 425 Hz', low: 425, high: 0 },
    { name: 'American ringing, 440 and 480 Hz', low: 440, high: 480 },
    { name: 'American dial tone, 350 and 440 Hz', low: 350, high: 440 },
    { name: 'a fax calling, 1100 Hz', low: 0, high: 1100 },
    { name: 'a fax answering, 2100 Hz', low: 0, high: 2100 },
    { name: 'special information, 950 and 1400 Hz', low: 950, high: 1400 },
    {
      name: 'a pair with the high tone 10 dB above',
      low: 770,
      high: 1336,
      lowAmplitude: 2000,
      highAmplitude: 6400,
    },
    {
      name: 'a pair with the high tone 14 dB below',
      low: 770,
      high: 1336,
      lowAmplitude: 6000,
      highAmplitude: 1200,
    },
  ])('$name', (plan) => {
    const sound = pair({ ...plan, ms: 500 });
    const result = kept(sound);
    expect(erasedSamples(sound, result)).toBe(0);
  });

  it('Q.24: a pair of 15 ms', () => {
    for (let at = 4000; at < 4052; at += 7) {
      const sound = atQuiet(pair({ low: 770, high: 1336, ms: 15 }), at);
      expect(kept(sound)).toEqual(sound);
    }
  });

  it('white noise and music-like chords', () => {
    const random = seededRandom(24);
    const noise = Int16Array.from({ length: 80_000 }, () => Math.round((random() - 0.5) * 20_000));
    expect(kept(noise)).toEqual(noise);
    const chord = Int16Array.from({ length: 40_000 }, (_, i) =>
      [523.25, 659.26, 783.99, 1046.5, 1318.5].reduce(
        (sum, hertz) => sum + 2500 * Math.sin((2 * Math.PI * hertz * i) / 8000),
        0,
      ),
    );
    expect(kept(chord)).toEqual(chord);
  });
});
