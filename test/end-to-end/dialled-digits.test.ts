import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digits, mixedIn, pair } from '../audio/dtmf-tones.ts';
import { announcedElsewhere } from '../support/node-config.ts';
import { Scene } from '../support/scene.ts';
import { align, amplitudeAt } from '../support/sound.ts';
import { readWav } from '../support/wav-file.ts';
import { after, voice } from './voices.ts';

/** A second of speech, four digits within a second, a second of speech. */
const dialled = [digits[0]!, digits[5]!, digits[10]!, digits[13]!];
const before = voice('caller', 0, 1);
const behind = voice('caller', 3, 1);
const script = dialled.reduce<Int16Array>(
  (sound, digit, i) => mixedIn(sound, pair({ ...digit, ms: 80 }), 8800 + i * 1600),
  Int16Array.from([...before, ...new Int16Array(8000), ...behind]),
);

/** Amplitude of each digit's two tones where it was dialled, relative to where the script begins. */
function tones(sound: Int16Array, start: number): number[] {
  return dialled.flatMap(({ low, high }, i) => {
    const part = sound.subarray(start + 8800 + i * 1600 + 80, start + 8800 + i * 1600 + 560);
    return [amplitudeAt(part, low), amplitudeAt(part, high)];
  });
}

describe('a caller who dials digits in its audio, where the rule takes them out', () => {
  let scene: Scene;
  let heard: Int16Array;
  let recorded: Int16Array;

  beforeAll(async () => {
    scene = await Scene.start({ rule: { ...announcedElsewhere, dtmf: 'remove' } });
    const [calling, called] = await scene.placeCall();
    await scene.recording('recording');
    await calling.rtp.play(script);
    await after(200);
    await calling.hangUp();
    await called.ended;
    heard = called.rtp.heard();
    const recording = await scene.recording('sealed');
    recorded = readWav(await scene.node.api.audio(recording.id)).channels[0]!;
  });
  afterAll(() => scene.stop());

  it('the callee hears every digit', () => {
    const { lag, correlation } = align(heard, before);
    expect(correlation).toBeGreaterThan(0.98);
    for (const amplitude of tones(heard, lag)) expect(amplitude).toBeGreaterThan(4000);
  });

  it('the recording has the speech, and no digit', () => {
    const start = align(recorded, before);
    const end = align(recorded, behind);
    expect(start.correlation).toBeGreaterThan(0.98);
    expect(end.correlation).toBeGreaterThan(0.98);
    expect(end.lag - start.lag).toBe(16_000);
    for (const amplitude of tones(recorded, start.lag)) expect(amplitude).toBeLessThan(10);
  });
});
