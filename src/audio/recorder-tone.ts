import type { PromptSound } from './prompt.ts';

const sampleRate = 8000;
/**
 * The tone of recorders on telephone lines: 1400 Hz, a fifth of a second, repeated at regular intervals, as 47 CFR 64.501
 * has it and parties know it.
 */
const hertz = 1400;
const durationMs = 200;
/** -20 dBm0, where G.711's greatest sine is +3.14 dBm0 (ITU-T G.711 §4): heard beside speech, and no louder than it. */
const amplitude = 2280;
/** It swells and fades for so long, so that it does not click. */
const edgeSamples = 40;

/** The tone by which the parties know that they are still recorded. */
export function recorderTone(): PromptSound {
  const length = (durationMs * sampleRate) / 1000;
  const samples = Int16Array.from({ length }, (_, n) => {
    const edge = Math.min(1, (n + 1) / edgeSamples, (length - n) / edgeSamples);
    return Math.round(edge * amplitude * Math.sin((2 * Math.PI * hertz * n) / sampleRate));
  });
  return { samples, sampleRate, durationMs, sha256: 'recorder-tone' };
}
