import type { PromptSound } from './prompt.ts';

/** Hz that sound together, and milliseconds of sound and silence in turn. */
interface Tone {
  readonly hertz: readonly number[];
  readonly cadenceMs: readonly number[];
}

/** What ITU-T E.180 §4 recommends, and most of Europe has, Luxembourg among it. */
const common: Tone = { hertz: [425], cadenceMs: [1000, 4000] };
const british: Tone = { hertz: [400, 450], cadenceMs: [400, 200, 400, 2000] };
const american: Tone = { hertz: [440, 480], cadenceMs: [2000, 4000] };
const long: Tone = { hertz: [425], cadenceMs: [1000, 5000] };

/** ITU-T E.180 Supplement 2, by country (ISO 3166), where it is another than the common one. */
const national: Readonly<Record<string, Tone>> = {
  AT: { hertz: [420], cadenceMs: [1000, 5000] },
  BE: { hertz: [425], cadenceMs: [1000, 3000] },
  CA: american,
  ES: { hertz: [425], cadenceMs: [1500, 3000] },
  FR: { hertz: [440], cadenceMs: [1500, 3500] },
  GB: british,
  HU: { hertz: [425], cadenceMs: [1250, 3750] },
  IE: british,
  PT: long,
  SE: long,
  US: american,
};

/** Hz; a telephone carries no more of it. */
const sampleRate = 8000;
/** -13 dBm0, where G.711's greatest sine is +3.14 dBm0; ITU-T E.180 §5 wants -10 dBm0 with 5 dB on either side. */
const amplitude = 5000;

/** One cycle of the tone by which a country's callers know that it rings at the other end. */
export function ringingTone(country: string): PromptSound {
  const { hertz, cadenceMs } = national[country] ?? common;
  const durationMs = cadenceMs.reduce((sum, ms) => sum + ms, 0);
  const samples = new Int16Array((durationMs * sampleRate) / 1000);
  let at = 0;
  for (const [i, ms] of cadenceMs.entries()) {
    const length = (ms * sampleRate) / 1000;
    if (i % 2 === 0) for (let n = at; n < at + length; n++) samples[n] = level(hertz, n);
    at += length;
  }
  return { samples, sampleRate, durationMs, sha256: `ringing-${country}` };
}

/** Two tones together are as loud as one. */
function level(hertz: readonly number[], n: number): number {
  const sum = hertz.reduce((total, one) => total + Math.sin((2 * Math.PI * one * n) / sampleRate), 0);
  return Math.round((amplitude * sum) / Math.sqrt(hertz.length));
}
